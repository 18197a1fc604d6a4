/// A path relative to a home folder that no build may see, and why.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hidden {
    pub path: &'static str,
    pub reason: &'static str,
}

const fn hidden(path: &'static str, reason: &'static str) -> Hidden {
    Hidden { path, reason }
}

/// What a build does not see of the caller's home. A build may make its own in the same place.
pub const HOME_CREDENTIALS: &[Hidden] = &[
    hidden(".ssh", "keys for other machines and git hosts"),
    hidden(".gnupg", "signing and decryption keys"),
    hidden(".aws", "AWS access keys and sessions"),
    hidden(".azure", "Azure tokens"),
    hidden(".config/gcloud", "Google Cloud tokens"),
    hidden(".boto", "Google Cloud Storage and AWS keys"),
    hidden(".oci", "Oracle Cloud keys"),
    hidden(".config/doctl", "DigitalOcean token"),
    hidden(".config/hcloud", "Hetzner Cloud token"),
    hidden(".kube", "cluster certificates and tokens"),
    hidden(".docker", "registry passwords"),
    hidden(
        ".config/containers",
        "registry passwords of podman, buildah and skopeo",
    ),
    hidden(".config/helm", "chart repository passwords"),
    hidden(".netrc", "passwords of any host, read by curl and git"),
    hidden(".git-credentials", "passwords of git hosts"),
    hidden(".config/git/credentials", "passwords of git hosts"),
    hidden(".config/gh", "GitHub token"),
    hidden(".config/hub", "GitHub token"),
    hidden(".config/glab-cli", "GitLab token"),
    hidden(".npmrc", "npm tokens"),
    hidden(".yarnrc", "npm tokens"),
    hidden(".yarnrc.yml", "npm tokens"),
    hidden(".pypirc", "PyPI tokens"),
    hidden(".config/pip", "index passwords"),
    hidden(".pip", "index passwords"),
    hidden(".config/pypoetry", "PyPI tokens"),
    hidden(".cargo/credentials", "cargo registry token"),
    hidden(".cargo/credentials.toml", "cargo registry token"),
    hidden(".gem/credentials", "RubyGems token"),
    hidden(".bundle/config", "gem source passwords"),
    hidden(".composer/auth.json", "Composer tokens"),
    hidden(".config/composer/auth.json", "Composer tokens"),
    hidden(".m2/settings.xml", "Maven server passwords"),
    hidden(".m2/settings-security.xml", "Maven master password"),
    hidden(".gradle/gradle.properties", "Gradle and signing passwords"),
    hidden(".nuget/NuGet/NuGet.Config", "NuGet feed passwords"),
    hidden(".terraform.d", "Terraform Cloud tokens"),
    hidden(".terraformrc", "Terraform Cloud tokens"),
    hidden(".vault-token", "HashiCorp Vault token"),
    hidden(".config/op", "1Password session"),
    hidden(".password-store", "passwords"),
    hidden(".local/share/keyrings", "the desktop's saved passwords"),
    hidden(".config/sops", "decryption keys"),
    hidden(".config/age", "decryption keys"),
    hidden(".pgpass", "PostgreSQL passwords"),
    hidden(".my.cnf", "MySQL passwords"),
    hidden(".databrickscfg", "Databricks tokens"),
    hidden(".s3cfg", "S3 keys"),
    hidden(".config/rclone", "storage keys"),
    hidden(".mozilla", "browser sessions"),
    hidden(".config/google-chrome", "browser sessions"),
    hidden(".config/chromium", "browser sessions"),
    hidden(".config/towpath", "Towpath's own token"),
    hidden(".local/share/towpath", "Towpath's own data"),
    hidden(".bash_history", "commands with passwords in them"),
    hidden(".zsh_history", "commands with passwords in them"),
];

/// What gives control over the machine: sockets and state of container engines and clusters. Not seen by a
/// build either; nor is `/run`, which starts empty.
pub const CONTROL_PATHS: &[&str] = &[
    "/var/run",
    "/var/lib/docker",
    "/var/lib/containerd",
    "/var/lib/kubelet",
    "/var/lib/rancher",
    "/var/snap/docker",
    "/var/snap/microk8s",
    "/etc/kubernetes",
    "/etc/rancher",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_path_stays_in_the_home_folder() {
        for Hidden { path, reason } in HOME_CREDENTIALS {
            assert!(!path.starts_with('/') && !path.contains(".."), "{path}");
            assert!(!reason.is_empty(), "{path}");
        }
    }
}
