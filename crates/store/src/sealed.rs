//! Secrets at rest: what others entrusted to the server (credentials of clusters and git hosts) is in the
//! database only as ciphertext, whose key is a file beside it.

use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use aws_lc_rs::aead::{AES_256_GCM_SIV, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretSlice};
use towpath_model::Digest;

use crate::{Store, StoreError};

/// The key's file in the data folder.
const KEY_FILE: &str = "secret.key";
const KEY_BYTES: usize = 32;
/// First byte of what is sealed; the next scheme will have another one.
const VERSION: u8 = 1;
const KEY_ID_BYTES: usize = 16;
const HEADER: usize = 1 + KEY_ID_BYTES + NONCE_LEN;

/// A secret in memory: never printed, wiped when it is dropped.
#[derive(Clone)]
pub struct Secret(SecretSlice<u8>);

impl Secret {
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(SecretSlice::from(bytes.into()))
    }

    pub fn expose(&self) -> &[u8] {
        self.0.expose_secret()
    }

    /// [`StoreError::Corrupt`] when it is no UTF-8; the secret is not part of the error.
    pub fn expose_str(&self) -> Result<&str, StoreError> {
        std::str::from_utf8(self.expose())
            .map_err(|_| StoreError::corrupt("a secret", "it is not UTF-8"))
    }
}

impl From<String> for Secret {
    fn from(text: String) -> Self {
        Self::new(text)
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(***)")
    }
}

impl Store {
    /// Encrypts a secret so that only this data folder's key, and only for the same `context`, opens it
    /// again. The context says what the secret is of, such as `cluster/prod`: a row's ciphertext that is
    /// copied to another row does not open there.
    pub fn seal(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, StoreError> {
        self.sealer.seal(context, secret)
    }

    /// Opens what [`Store::seal`] made. [`StoreError::WrongSecretKey`] when the key file is not the one with
    /// which it was sealed, [`StoreError::Corrupt`] when context or content are not what was sealed.
    pub fn unseal(&self, context: &str, sealed: &[u8]) -> Result<Secret, StoreError> {
        self.sealer.unseal(context, sealed)
    }
}

/// Seals with AES-256-GCM-SIV (RFC 8452): with random nonces its bounds are far beyond what one server's
/// secrets can reach, and a nonce that repeats tells only that two secrets are the same.
#[derive(Clone)]
pub(crate) struct Sealer {
    key: Arc<RandomizedNonceKey>,
    /// The beginning of a hash in hex: tells keys apart, says nothing about the key.
    key_id: [u8; KEY_ID_BYTES],
    file: PathBuf,
}

impl Sealer {
    /// Reads the data folder's key and makes it at the first start.
    pub(crate) fn open(data: &Path) -> Result<Self, StoreError> {
        let file = data.join(KEY_FILE);
        let key = match read_key(&file)? {
            Some(key) => key,
            None => make_key(data, &file)?,
        };
        let unusable = |_| StoreError::corrupt("the secret key", "the cipher does not take it");
        let id = Digest::of(&[b"towpath secret key id\0".as_slice(), key.as_slice()].concat());
        let mut key_id = [0; KEY_ID_BYTES];
        key_id.copy_from_slice(&id.hex().as_bytes()[..KEY_ID_BYTES]);
        Ok(Self {
            key: Arc::new(
                RandomizedNonceKey::new(&AES_256_GCM_SIV, key.as_slice()).map_err(unusable)?,
            ),
            key_id,
            file,
        })
    }

    fn seal(&self, context: &str, secret: &[u8]) -> Result<Vec<u8>, StoreError> {
        let mut content = secret.to_vec();
        let nonce = self
            .key
            .seal_in_place_append_tag(Aad::from(context.as_bytes()), &mut content)
            .map_err(|_| StoreError::corrupt("a secret", "it is too large to be sealed"))?;
        let mut sealed = Vec::with_capacity(HEADER + content.len());
        sealed.push(VERSION);
        sealed.extend_from_slice(&self.key_id);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.append(&mut content);
        Ok(sealed)
    }

    fn unseal(&self, context: &str, sealed: &[u8]) -> Result<Secret, StoreError> {
        let corrupt = |reason: &str| StoreError::corrupt("a sealed secret", reason);
        let (header, content) = sealed
            .split_at_checked(HEADER)
            .ok_or_else(|| corrupt("it is cut short"))?;
        let (version, header) = (header[0], &header[1..]);
        if version != VERSION {
            return Err(corrupt("it was sealed by a newer Towpath"));
        }
        let (key_id, nonce) = header.split_at(KEY_ID_BYTES);
        if key_id != self.key_id {
            return Err(StoreError::WrongSecretKey {
                file: self.file.clone(),
                of: context.to_owned(),
            });
        }
        let nonce = Nonce::try_assume_unique_for_key(nonce)
            .map_err(|_| corrupt("its nonce has a wrong length"))?;
        let mut content = Zeroizing::new(content.to_vec());
        let plain = self
            .key
            .open_in_place(nonce, Aad::from(context.as_bytes()), &mut content)
            .map_err(|_| corrupt(&format!("it is not the one of {context}, or was changed")))?;
        Ok(Secret::new(&*plain))
    }
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Sealer({})", self.file.display())
    }
}

type Key = Zeroizing<Vec<u8>>;

fn read_key(file: &Path) -> Result<Option<Key>, StoreError> {
    let text = match std::fs::read_to_string(file) {
        Ok(text) => Zeroizing::new(text),
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(StoreError::io(file)(error)),
    };
    match from_hex(text.trim_end()) {
        Some(key) => Ok(Some(key)),
        None => Err(StoreError::BadSecretKey {
            file: file.to_owned(),
        }),
    }
}

/// Written beside and linked into place: whole or not there, and never over a key that another process made
/// meanwhile.
fn make_key(data: &Path, file: &Path) -> Result<Key, StoreError> {
    let key: [u8; KEY_BYTES] = rand::random();
    let text = Zeroizing::new(to_hex(&key));
    let temporary = data.join(format!("{KEY_FILE}.{}", std::process::id()));
    let written = write_private(&temporary, text.as_bytes());
    let linked = written.and_then(|()| match std::fs::hard_link(&temporary, file) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        linked => linked,
    });
    // What a killed start left is overwritten by the next one of its number, and is no key of anything.
    let removed = std::fs::remove_file(&temporary);
    linked.and(removed).map_err(StoreError::io(file))?;
    File::open(data)
        .and_then(|folder| folder.sync_all())
        .map_err(StoreError::io(data))?;
    read_key(file)?.ok_or_else(|| StoreError::BadSecretKey {
        file: file.to_owned(),
    })
}

fn write_private(path: &Path, content: &[u8]) -> std::io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)?;
    file.sync_all()
}

fn to_hex(key: &[u8]) -> String {
    let mut text: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
    text.push('\n');
    text
}

fn from_hex(text: &str) -> Option<Key> {
    let right = text.len() == 2 * KEY_BYTES && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let byte = |at: usize| u8::from_str_radix(text.get(at..at + 2)?, 16).ok();
    right
        .then(|| {
            (0..KEY_BYTES)
                .map(|index| byte(2 * index))
                .collect::<Option<Vec<u8>>>()
        })?
        .map(Zeroizing::new)
}
