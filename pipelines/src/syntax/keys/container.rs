//! Sections of containers.

use super::shape::{Key, Keys, Shape};

const BUILD_SECRETS: Shape = Shape::OneOf(&[Shape::Texts, Shape::Map(&Shape::Section(&FROM_SECRET))]);
const PLATFORM: &str = "^[A-Za-z0-9._-]+(/[A-Za-z0-9._-]+){1,2}$";

/// `build`.
pub(crate) static BUILD: Keys = Keys {
    name: "build",
    about: "An image from a Dockerfile.",
    known: &[&[
        Key::new("context", "Folder that the Dockerfile copies from, relative to the checkout.", Shape::Text),
        Key::new("dockerfile", "Path in the context; `Dockerfile` by default.", Shape::Text),
        Key::new("target", "Stage of the Dockerfile to stop at.", Shape::Text),
        Key::new("args", "Build arguments; they are stored in the image, so no secrets.", Shape::Map(&Shape::Anything)),
        Key::new("save", "File that the built image is written to, for a step with `load`.", Shape::Text),
        Key::new("tags", "Names for the built image, for later steps to use as their `image`.", Shape::Texts),
        Key::new("push", "Whether the tags go to their registries.", Shape::Flag),
        Key::new("cache_from", "Images in registries whose layers may be taken.", Shape::Texts),
        Key::new("cache_to", "Names in registries that the image goes to as the cache of later builds.", Shape::Texts),
        Key::new("secrets", "What `RUN --mount=type=secret` sees: names of secrets, or id to secret.", BUILD_SECRETS),
        Key::new("platform", "What the image is for, such as `linux/arm64`.", Shape::Like(PLATFORM)),
        Key::new("pull", "Whether to ask the registries for base images that are there.", Shape::Flag),
        Key::new("no_cache", "Whether to build all layers anew.", Shape::Flag),
    ]],
    later: &["ssh", "labels"],
    gone: &[("cache", "write `cache_from` and `cache_to`"), ("platforms", "write `platform`, one of them")],
    ..Keys::NONE
};

/// `resources`.
pub(crate) static RESOURCES: Keys = Keys {
    name: "resources",
    about: "Limits of one container.",
    known: &[&[
        Key::new("cpus", "Processors, such as `1.5`.", Shape::Number),
        Key::new(
            "memory",
            "Memory, such as `512MiB` or `1g`; beyond it the container is ended as out of memory.",
            Shape::OneOf(&[
                Shape::Whole(1, 1 << 50),
                Shape::Like("^[0-9]+(\\.[0-9]+)? ?([kKmMgGtT]([iI]|[iI]?[bB])?|[bB])?$"),
            ]),
        ),
        Key::new("pids", "Processes and threads.", Shape::Whole(1, 4_194_304)),
    ]],
    gone: &[("cpu", "write `cpus`"), ("mem", "write `memory`"), ("limits", "write `cpus`, `memory` and `pids` here")],
    ..Keys::NONE
};

/// What `ready` takes as a word.
pub(crate) const READY_WORDS: &[&str] = &["health"];

/// `ready`.
pub(crate) static READY: Keys = Keys {
    name: "ready",
    about: "When a service counts as started; exactly one of `command`, `port` and `health`.",
    known: &[&[
        Key::new("command", "A shell command inside the service that ends with 0, such as `pg_isready`.", Shape::Text),
        Key::new("port", "A TCP port of the service that accepts connections.", Shape::Whole(1, 65535)),
        Key::new("health", "The image's own HEALTHCHECK.", Shape::Flag),
        Key::new("timeout", "Longest wait from the service's start; 60 seconds by default.", Shape::Duration),
    ]],
    needs: &[&["command", "port", "health"]],
    ..Keys::NONE
};

/// `backend_options`.
pub(crate) static BACKEND: Keys = Keys {
    name: "backend_options",
    about: "Options for one kind of executor.",
    known: &[&[Key::new("docker", "Options for Docker.", Shape::Section(&DOCKER))]],
    later: &["kubernetes", "local"],
    ..Keys::NONE
};

/// `backend_options.docker`.
pub(crate) static DOCKER: Keys = Keys {
    name: "docker",
    about: "Options for Docker.",
    known: &[&[Key::new("user", "Who runs in the container, `uid[:gid]`, instead of the image's user.", Shape::Text)]],
    ..Keys::NONE
};

/// `{from_secret: name}` as a value.
pub(crate) static FROM_SECRET: Keys = Keys {
    name: "from_secret",
    about: "The value of a secret.",
    known: &[&[Key::new("from_secret", "Name of a secret of the repository.", Shape::Text)]],
    needs: &[&["from_secret"]],
    ..Keys::NONE
};
