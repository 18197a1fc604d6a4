use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use towpath_sandbox::{HostRoot, Mount, RootFs, Sandbox, Spec};

use crate::support::{disk_folder, host, is_root, output, run, sandbox, spec, spec_hiding};

#[tokio::test]
async fn credentials_are_not_there_but_may_be_made() {
    let home = disk_folder();
    fs::create_dir_all(home.path().join(".ssh")).unwrap();
    fs::create_dir_all(home.path().join(".cargo/bin")).unwrap();
    fs::create_dir_all(home.path().join("dotfiles")).unwrap();
    for file in [
        ".ssh/id_rsa",
        ".netrc",
        ".cargo/credentials.toml",
        ".cargo/bin/tool",
        "dotfiles/npmrc",
    ] {
        fs::write(home.path().join(file), "secret").unwrap();
    }
    symlink("dotfiles/npmrc", home.path().join(".npmrc")).unwrap();
    let sandbox = Sandbox::start(&host().await, spec(home.path()))
        .await
        .unwrap();
    let at = home.path().display();
    let found = output(
        &sandbox,
        &format!("cd {at} && find . -type f -o -type l | sort"),
    )
    .await;
    assert_eq!(found, "./.cargo/bin/tool\n");
    let script = format!(
        "cd {at} && mkdir .ssh && echo mine > .ssh/id_rsa && cat .ssh/id_rsa && echo mine > .npmrc"
    );
    assert_eq!(output(&sandbox, &script).await, "mine\n");
    sandbox.stop().await.unwrap();
    assert_eq!(
        fs::read_to_string(home.path().join(".ssh/id_rsa")).unwrap(),
        "secret"
    );
}

#[tokio::test]
async fn a_hidden_folder_is_gone_by_every_name() {
    let home = disk_folder();
    let data = home.path().join("data");
    fs::create_dir_all(data.join("git")).unwrap();
    fs::write(data.join("towpath.db"), "rows").unwrap();
    symlink("data", home.path().join("alias")).unwrap();
    let hide = vec![home.path().join("alias")];
    let sandbox = Sandbox::start(&host().await, spec_hiding(home.path(), hide))
        .await
        .unwrap();
    assert_eq!(
        output(&sandbox, &format!("ls -A {}", home.path().display())).await,
        ""
    );
}

#[tokio::test]
async fn an_empty_folder_is_as_on_the_machine_and_can_be_written() {
    let sandbox = sandbox().await;
    for folder in ["/srv", "/media", "/mnt"].map(Path::new) {
        let is_empty = |path: &Path| fs::read_dir(path).is_ok_and(|mut e| e.next().is_none());
        if is_empty(folder) {
            let mode = fs::metadata(folder).unwrap().permissions().mode() & 0o7777;
            let script = format!("cd {0} && touch x && stat -c %a {0}", folder.display());
            assert_eq!(output(&sandbox, &script).await, format!("{mode:o}\n"));
            assert!(is_empty(folder));
        }
    }
}

#[tokio::test]
async fn writes_are_thrown_away() {
    let home = disk_folder();
    fs::write(home.path().join("kept"), "before").unwrap();
    let spec = |scratch: Option<&Path>| {
        let scratch = scratch.map(Path::to_owned);
        let root = HostRoot {
            home: home.path().to_owned(),
            hide: Vec::new(),
            scratch,
        };
        Spec::new(RootFs::Host(root))
    };
    let host = host().await;
    let disk = disk_folder();
    for scratch in [None, Some(disk.path())] {
        let sandbox = Sandbox::start(&host, spec(scratch)).await.unwrap();
        let script = format!(
            "cd {} && echo after > kept && rm -f kept && touch new && mkdir -p /go/src && ls",
            home.path().display()
        );
        assert_eq!(output(&sandbox, &script).await, "new\n");
        sandbox.stop().await.unwrap();
        assert_eq!(
            fs::read_to_string(home.path().join("kept")).unwrap(),
            "before"
        );
        assert!(!home.path().join("new").exists());
        assert!(!Path::new("/go/src").exists());
    }
    towpath_sandbox::remove_tree(&host, disk.path())
        .await
        .unwrap();
}

#[tokio::test]
async fn a_home_in_tmp_is_still_the_home() {
    let home = tempfile::tempdir().unwrap();
    fs::write(home.path().join("tool"), "here").unwrap();
    fs::write(home.path().join(".netrc"), "secret").unwrap();
    let sandbox = Sandbox::start(&host().await, spec(home.path()))
        .await
        .unwrap();
    let script = format!(
        "ls -A {0}; touch {0}/written; ls -A /tmp",
        home.path().display()
    );
    let name = home.path().file_name().unwrap().to_str().unwrap();
    assert_eq!(output(&sandbox, &script).await, format!("tool\n{name}\n"));
}

#[tokio::test]
async fn only_its_own_processes_show() {
    let sandbox = sandbox().await;
    let found = output(&sandbox, "cat /proc/[0-9]*/comm | sort | uniq").await;
    let known = ["cat", "sh", "sort", "towpath-init", "uniq"];
    assert!(found.lines().all(|name| known.contains(&name)), "{found}");
}

#[tokio::test]
async fn no_descriptor_leaks_in() {
    let sandbox = sandbox().await;
    let leak = fs::File::open("/").unwrap();
    rustix::io::fcntl_setfd(&leak, rustix::io::FdFlags::empty()).unwrap();
    assert_eq!(output(&sandbox, "ls /proc/self/fd").await, "0\n1\n2\n3\n");
    assert_eq!(
        output(&sandbox, "readlink /proc/self/fd/0; cat").await,
        "/dev/null\n"
    );
}

#[tokio::test]
async fn devices_work_and_are_few() {
    let sandbox = sandbox().await;
    let found = output(&sandbox, "ls /dev").await;
    assert_eq!(
        found.split_whitespace().collect::<Vec<_>>(),
        [
            "fd", "full", "null", "ptmx", "pts", "random", "shm", "stderr", "stdin", "stdout",
            "tty", "urandom", "zero"
        ]
    );
    let script = "echo lost > /dev/null && head -c 3 /dev/urandom | wc -c && echo shown > /dev/stdout && touch /dev/shm/x";
    assert_eq!(output(&sandbox, script).await, "3\nshown\n");
}

#[tokio::test]
async fn the_machine_itself_is_out_of_reach() {
    let sandbox = sandbox().await;
    for script in [
        "echo x > /proc/sys/kernel/hostname",
        "echo x > /proc/sysrq-trigger",
        "echo 1 > /sys/kernel/profiling",
        "mount -t tmpfs tmpfs /mnt",
        "umount /usr",
        // A disk, were it not for the mounts' flag.
        "cd /go || mkdir /go && cd /go && mknod disk b 254 0 && head -c 1 disk",
        "mkdir -p /dev/shm/x && mknod /dev/shm/x/disk b 254 0 && head -c 1 /dev/shm/x/disk",
        "ls /run/docker.sock /var/run/docker.sock",
    ] {
        let (said, exit) = run(&sandbox, script).await;
        assert!(!exit.success(), "{script}: {said}");
    }
}

#[tokio::test]
async fn mounts_show_folders_and_files() {
    let folder = disk_folder();
    fs::write(folder.path().join("file"), "content").unwrap();
    let mounts = vec![
        Mount::bind(folder.path(), "/codebuild/output/src"),
        Mount::bind(folder.path().join("file"), "/etc/towpath-file").read_only(),
        Mount::tmpfs("/memory/deep", Some(1 << 20)),
    ];
    let spec = Spec {
        mounts,
        ..spec(Path::new("/nonexistent"))
    };
    if !is_root() {
        // Nothing can be made in folders of the real root.
        return;
    }
    let sandbox = Sandbox::start(&host().await, spec).await.unwrap();
    let script = "cat /etc/towpath-file; cd /codebuild/output/src && echo made > new && touch /memory/deep/x; ! echo x > /etc/towpath-file";
    let said = output(&sandbox, script).await;
    assert!(said.starts_with("content"), "{said}");
    assert_eq!(
        fs::read_to_string(folder.path().join("new")).unwrap(),
        "made\n"
    );
}

#[tokio::test]
async fn a_missing_source_is_named() {
    let mounts = vec![Mount::bind("/no/such/thing", "/x")];
    let spec = Spec {
        mounts,
        ..spec(Path::new("/nonexistent"))
    };
    let error = Sandbox::start(&host().await, spec)
        .await
        .err()
        .unwrap()
        .to_string();
    assert!(error.contains("/no/such/thing"), "{error}");
}

#[tokio::test]
async fn the_resolver_and_names_are_the_machines() {
    let sandbox = sandbox().await;
    let resolver = fs::read_to_string("/etc/resolv.conf").unwrap_or_default();
    assert_eq!(
        output(&sandbox, "cat /etc/resolv.conf || true").await,
        resolver
    );
}
