use std::os::unix::fs::PermissionsExt;

use towpath_store::{Secret, Store, StoreError};

use crate::fixture::Fixture;

#[tokio::test]
async fn what_is_sealed_opens_again_also_after_a_restart() {
    let fixture = Fixture::new().await;
    let sealed = fixture.store.seal("cluster/prod", b"hunter2").unwrap();
    let again = fixture.store.seal("cluster/prod", b"hunter2").unwrap();
    assert_ne!(sealed, again, "two of the same do not look the same");
    assert!(!sealed.windows(7).any(|bytes| bytes == b"hunter2"));

    let reopened = fixture.reopened().await;
    let secret = reopened.unseal("cluster/prod", &sealed).unwrap();
    assert_eq!(secret.expose_str().unwrap(), "hunter2");
}

#[tokio::test]
async fn another_context_and_a_changed_byte_do_not_open() {
    let fixture = Fixture::new().await;
    let sealed = fixture.store.seal("cluster/prod", b"hunter2").unwrap();
    let error = fixture.store.unseal("cluster/test", &sealed).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("it is not the one of cluster/test"),
        "{error}"
    );
    // The first bytes name scheme and key.
    for at in 17..sealed.len() {
        let mut changed = sealed.clone();
        changed[at] ^= 1;
        let error = fixture.store.unseal("cluster/prod", &changed).unwrap_err();
        assert!(matches!(error, StoreError::Corrupt { .. }), "{at}: {error}");
    }
    for length in 0..sealed.len() {
        let cut = &sealed[..length];
        assert!(fixture.store.unseal("cluster/prod", cut).is_err());
    }
}

#[tokio::test]
async fn the_key_is_a_private_file_and_not_in_the_database() {
    let fixture = Fixture::new().await;
    let file = fixture.folder.path().join("secret.key");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    let entries = std::fs::read_dir(fixture.folder.path()).unwrap();
    let names: Vec<_> = entries.map(|entry| entry.unwrap().file_name()).collect();
    let left = |name: &&std::ffi::OsString| name.to_string_lossy().starts_with("secret.key.");
    assert_eq!(
        names.iter().find(left),
        None,
        "nothing is left of making it"
    );

    let key = std::fs::read(&file).unwrap();
    let database = std::fs::read(fixture.folder.path().join("towpath.db")).unwrap();
    let holds = database.windows(64).any(|bytes| bytes == &key[..64]);
    assert!(!holds);
}

#[tokio::test]
async fn a_lost_key_says_what_to_do() {
    let fixture = Fixture::new().await;
    let sealed = fixture.store.seal("cluster/prod", b"hunter2").unwrap();
    let file = fixture.folder.path().join("secret.key");
    std::fs::remove_file(&file).unwrap();
    let reopened = fixture.reopened().await;
    let error = reopened.unseal("cluster/prod", &sealed).unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "the secret of cluster/prod was sealed with another key than the one in {}: put the key file \
             back from a backup, or enter the secret again",
            file.display()
        )
    );
}

#[tokio::test]
async fn a_damaged_key_is_not_replaced() {
    let fixture = Fixture::new().await;
    let file = fixture.folder.path().join("secret.key");
    std::fs::write(&file, "half a key").unwrap();
    let error = Store::open(fixture.folder.path()).await.unwrap_err();
    assert!(matches!(error, StoreError::BadSecretKey { .. }), "{error}");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "half a key");
}

#[test]
fn a_secret_is_never_printed() {
    let secret = Secret::from("hunter2".to_owned());
    assert_eq!(format!("{secret:?}"), "Secret(***)");
}
