# The production image, built hermetically: `docker build --target production .`
#
# `cargo xtask build` makes the same image without Docker; `cargo xtask build --builder docker`
# builds this file and refuses the result when its files or its configuration differ from that.
# There is no `# syntax=` line and no BuildKit mount, so that every engine builds it as it is.

# rust-toolchain.toml names the same version; a test holds the two together.
FROM rust:1.95-slim-bookworm AS build

# Writes the list of crates into the binary, for scanners to read.
RUN cargo install --locked --version 0.7.7 cargo-auditable

WORKDIR /src
COPY . .

# The flags are those of `cargo xtask build`: a static binary with no path of this machine in it.
# The last prefix that fits counts, and cargo's home may lie within the toolchain's folder.
# `image stage` checks the binary and lays it out with the files that delivery.toml names.
RUN host="$(rustc --print host-tuple)" \
 && RUSTFLAGS="-C target-feature=+crt-static --remap-path-prefix=$(rustc --print sysroot)=/rust --remap-path-prefix=${CARGO_HOME}=/cargo --remap-path-prefix=/src=/src" \
    cargo auditable build --release --locked --package app --target "${host}" --target-dir target/production \
 && cargo run --locked --package image -- stage \
    --binary "target/production/${host}/release/app" \
    --settings delivery.toml \
    --root /rootfs

# Nothing but the service: no shell, no package manager, no user database.
FROM scratch AS production

COPY --from=build /rootfs/ /

USER 65532:65532
WORKDIR /
# The service, and its management port with /metrics.
EXPOSE 8080/tcp 9090/tcp
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s --retries=3 CMD ["/app", "healthcheck"]
ENTRYPOINT ["/app"]
CMD ["serve"]

# What the service says that it was built from: told here, and not compiled in, so that a new commit
# with the same code compiles nothing. Without these arguments the image is as good, but nameless.
ARG BUILD_COMMIT=unknown
ENV BUILD_COMMIT="${BUILD_COMMIT}"
ARG SOURCE=unknown
ARG VERSION=unknown
LABEL org.opencontainers.image.revision="${BUILD_COMMIT}" \
      org.opencontainers.image.source="${SOURCE}" \
      org.opencontainers.image.title="myapp" \
      org.opencontainers.image.version="${VERSION}"
