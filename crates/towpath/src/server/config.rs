use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use towpath_pipeline::kept::KeepFailed;
use towpath_web::TlsConfig;
use url::Url;

use crate::cli::outbound::OutboundOptions;
use crate::cli::{BuildOptions, Isolation, POD_IMAGE, ServeOptions};

const KEEP_EXECUTIONS: u32 = 100;

/// Everything that can be set about a server.
pub struct Config {
    pub data: PathBuf,
    pub listen: SocketAddr,
    pub public_url: Option<Url>,
    pub tls: Option<TlsConfig>,
    /// PEM: beside the well-known ones, whom builds on clusters trust when they call.
    pub public_ca: Option<PathBuf>,
    pub behind_proxy: bool,
    /// How git hosts and Amazon SNS are reached.
    pub outbound: OutboundOptions,
    /// How often registered webhooks are looked at; none is never.
    pub check_webhooks: Option<Duration>,
    /// Receives the admin token when this start makes one.
    pub token_file: Option<PathBuf>,
    /// Makes a new admin token in any case.
    pub new_token: bool,
    pub build: BuildOptions,
    pub keep_executions: u32,
    /// Without it nothing can be deployed to this machine.
    pub local_cluster: bool,
    pub keep_failed: KeepFailed,
}

impl Config {
    /// The defaults, for a server of this machine only.
    pub fn local(data: PathBuf, listen: SocketAddr) -> Self {
        Self {
            data,
            listen,
            public_url: None,
            tls: None,
            public_ca: None,
            behind_proxy: false,
            outbound: OutboundOptions::default(),
            check_webhooks: None,
            token_file: None,
            new_token: false,
            build: BuildOptions {
                isolation: Isolation::Sandbox,
                build_memory: None,
                build_cpus: None,
                pod_image: POD_IMAGE.to_owned(),
                registry_mirror: Vec::new(),
            },
            keep_executions: KEEP_EXECUTIONS,
            local_cluster: true,
            keep_failed: KeepFailed::No,
        }
    }
}

impl From<ServeOptions> for Config {
    fn from(options: ServeOptions) -> Self {
        let network = options.network;
        let tls = network.tls_cert.zip(network.tls_key);
        Self {
            data: options.data,
            listen: network.listen,
            public_url: network.public_url,
            tls: tls.map(|(cert, key)| TlsConfig { cert, key }),
            public_ca: network.public_ca,
            behind_proxy: network.behind_proxy,
            outbound: network.outbound,
            check_webhooks: options.check_webhooks.0,
            token_file: options.token_file,
            new_token: options.new_token,
            build: options.build,
            keep_executions: options.keep_executions,
            local_cluster: true,
            keep_failed: options.keep_failed.into(),
        }
    }
}
