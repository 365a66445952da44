//! The two halves of the protocol.

/// What a client wants of a repository.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Service {
    /// Fetch and clone.
    UploadPack,
    /// Push.
    ReceivePack,
}

impl Service {
    /// As `?service=` and the last part of the path spell it.
    pub(super) fn parse(text: &str) -> Option<Self> {
        match text {
            "git-upload-pack" => Some(Self::UploadPack),
            "git-receive-pack" => Some(Self::ReceivePack),
            _ => None,
        }
    }

    /// The inverse of [`Service::parse`].
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::UploadPack => "git-upload-pack",
            Self::ReceivePack => "git-receive-pack",
        }
    }

    /// What the server can do, for the first line of an advertisement.
    pub(super) fn capabilities(self) -> &'static str {
        match self {
            Self::UploadPack => {
                "multi_ack_detailed no-done side-band-64k no-progress allow-tip-sha1-in-want allow-reachable-sha1-in-want object-format=sha1"
            }
            // Not `quiet`: clients send it whenever they do not write to a terminal, which says nothing about the build.
            Self::ReceivePack => "report-status delete-refs side-band-64k ofs-delta push-options object-format=sha1",
        }
    }
}
