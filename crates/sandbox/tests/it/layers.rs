use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt, symlink};
use std::path::Path;

use towpath_model::workspace::Exit;
use towpath_sandbox::{Mount, Sandbox, Spec};

use crate::support::{Image, host, is_root, output, run, run_command, sh};

/// Everything below a folder, by relative path, in order.
fn listing(folder: &Path) -> Vec<String> {
    fn walk(folder: &Path, root: &Path, found: &mut Vec<String>) {
        for entry in fs::read_dir(folder).unwrap() {
            let entry = entry.unwrap();
            found.push(
                entry
                    .path()
                    .strip_prefix(root)
                    .unwrap()
                    .display()
                    .to_string(),
            );
            if entry.file_type().unwrap().is_dir() {
                walk(&entry.path(), root, found);
            }
        }
    }
    let mut found = Vec::new();
    walk(folder, folder, &mut found);
    found.sort();
    found
}

#[tokio::test]
async fn the_difference_is_left_in_upper() {
    let Some(mut image) = Image::with_busybox() else {
        return;
    };
    let layer = image.add_layer();
    fs::create_dir_all(layer.join("app/old")).unwrap();
    fs::write(layer.join("app/gone"), "x").unwrap();
    fs::write(layer.join("app/old/file"), "x").unwrap();
    let host = host().await;
    let resolver = image.path().join("resolv.conf");
    fs::write(&resolver, "nameserver 10.0.0.1\n").unwrap();
    let mounts = vec![Mount::bind(&resolver, "/etc/resolv.conf").read_only()];
    let sandbox = Sandbox::start(&host, image.spec_with(mounts))
        .await
        .unwrap();
    let script = "cat /etc/resolv.conf; rm /app/gone; rm -r /app/old; mkdir /app/old; echo new > /app/new; id -u";
    assert_eq!(output(&sandbox, script).await, "nameserver 10.0.0.1\n0\n");
    sandbox.stop().await.unwrap();
    let upper = image.upper();
    // Neither /proc, /dev and /sys nor what was mounted.
    assert_eq!(listing(&upper), ["app", "app/gone", "app/new", "app/old"]);
    assert!(
        fs::symlink_metadata(upper.join("app/gone"))
            .unwrap()
            .file_type()
            .is_char_device()
    );
    let attribute = if host.is_rootless() {
        "user.overlay.opaque"
    } else {
        "trusted.overlay.opaque"
    };
    let mut value = [0; 8];
    let length = rustix::fs::lgetxattr(upper.join("app/old"), attribute, &mut value).unwrap();
    assert_eq!(&value[..length], b"y");
    image.remove(&host).await;
}

#[tokio::test]
async fn an_image_of_nothing_runs_a_mounted_program() {
    let Some(busybox) = towpath_testkit::require("busybox") else {
        return;
    };
    let image = Image::new();
    let host = host().await;
    let mounts = vec![Mount::bind(busybox, "/bin/sh").read_only()];
    let sandbox = Sandbox::start(&host, image.spec_with(mounts))
        .await
        .unwrap();
    assert_eq!(output(&sandbox, "echo /*").await, "/bin /dev /proc /sys\n");
    sandbox.stop().await.unwrap();
    assert_eq!(listing(&image.upper()), <[&str; 0]>::default());
    image.remove(&host).await;
}

#[tokio::test]
async fn a_read_only_root_can_be_written_only_in_mounts() {
    let Some(image) = Image::with_busybox() else {
        return;
    };
    let host = host().await;
    let mounts = vec![Mount::tmpfs("/tmp", None)];
    let spec = Spec {
        mounts,
        read_only_root: true,
        ..image.spec()
    };
    let sandbox = Sandbox::start(&host, spec).await.unwrap();
    let (said, exit) = run(&sandbox, "touch /tmp/a /dev/shm/b && touch /c").await;
    assert_eq!(exit, Exit::Code(1));
    assert!(said.contains("Read-only file system"), "{said}");
    sandbox.stop().await.unwrap();
    image.remove(&host).await;
}

#[tokio::test]
async fn links_of_an_image_do_not_lead_out_of_it() {
    let Some(mut image) = Image::with_busybox() else {
        return;
    };
    let host = host().await;
    let outside = crate::support::disk_folder();
    let layer = image.add_layer();
    symlink(
        format!("/../../../..{}", outside.path().display()),
        layer.join("etc"),
    )
    .unwrap();
    symlink(outside.path(), layer.join("data")).unwrap();
    let mounts = vec![
        Mount::bind("/etc/hostname", "/etc/hostname"),
        Mount::tmpfs("/data/deep", None),
    ];
    let started = Sandbox::start(&host, image.spec_with(mounts)).await;
    if let Ok(sandbox) = started {
        sandbox.stop().await.unwrap();
    }
    assert_eq!(listing(outside.path()), <[&str; 0]>::default());
    image.remove(&host).await;
}

#[tokio::test]
async fn a_hundred_layers_are_joined() {
    let Some(mut image) = Image::with_busybox() else {
        return;
    };
    for number in 0..100 {
        let layer = image.add_layer();
        fs::write(layer.join("top"), number.to_string()).unwrap();
        fs::write(layer.join(format!("file{number}")), "").unwrap();
    }
    let host = host().await;
    let sandbox = Sandbox::start(&host, image.spec()).await.unwrap();
    assert_eq!(
        output(&sandbox, "cat /top; set -- /file*; echo \" $#\"").await,
        "99 100\n"
    );
    sandbox.stop().await.unwrap();
    image.remove(&host).await;
}

#[tokio::test]
async fn the_machine_does_not_show() {
    let Some(image) = Image::with_busybox() else {
        return;
    };
    let host = host().await;
    let sandbox = Sandbox::start(&host, image.spec()).await.unwrap();
    assert_eq!(output(&sandbox, "echo /*").await, "/bin /dev /proc /sys\n");
    let mounts = output(&sandbox, "cat /proc/self/mountinfo").await;
    assert!(
        !mounts.contains(&image.path().display().to_string()),
        "{mounts}"
    );
    sandbox.stop().await.unwrap();
    image.remove(&host).await;
}

#[tokio::test]
async fn the_root_folder_keeps_its_mode() {
    let Some(mut image) = Image::with_busybox() else {
        return;
    };
    let layer = image.add_layer();
    fs::set_permissions(&layer, fs::Permissions::from_mode(0o751)).unwrap();
    let host = host().await;
    let sandbox = Sandbox::start(&host, image.spec()).await.unwrap();
    assert!(output(&sandbox, "ls -ld /").await.starts_with("drwxr-x--x"));
    sandbox.stop().await.unwrap();
    image.remove(&host).await;
}

#[tokio::test]
async fn files_of_other_users_are_made_and_removed_again() {
    let Some(image) = Image::with_busybox() else {
        return;
    };
    let host = host().await;
    let sandbox = Sandbox::start(&host, image.spec()).await.unwrap();
    let script = "mkdir -p /srv/a && touch /srv/a/b && chown -R 33:33 /srv";
    let (said, exit) = run_command(&sandbox, &sh(script)).await;
    let possible = is_root() || host.uid_inside(100_000).is_some();
    assert_eq!(exit.success(), possible, "{said}");
    sandbox.stop().await.unwrap();
    let path = image.path().to_owned();
    image.remove(&host).await;
    assert!(!path.exists());
}
