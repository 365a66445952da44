# Everything that README and .ci/run call. `make` alone explains.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help demo run test bench fmt lint

help: ## what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## a server, a push, the build's log here and in the browser; stays until Ctrl-C
	@exec env --default-signal=INT tests/setup/demo.sh

run: ## slipway up on this tree, data in ./slipway-data
	@tests/setup/build-tools.sh
	@tests/setup/docker.sh
	cargo build --release --locked
	@exec env --default-signal=INT target/release/slipway up

test: ## all tests, end-to-end ones on real Docker and Chromium included
	@tests/setup/build-tools.sh
	@tests/setup/docker.sh
	@tests/setup/packages.sh curl openssl chromium chromium-driver docker-registry apache2-utils qemu-user-static python3-venv zstd
	@tests/setup/debian-image.sh golang nginx python redis ruby
	@tests/setup/s3.sh
	@tests/setup/axe.sh
	@# More threads than cores: many of these wait for the engine.
	cargo test --workspace --locked --lib --bins -- --test-threads=4
	cargo test --workspace --locked --doc
	cargo test --workspace --locked --test '*'

bench: ## figures beside the Docker CLI, of logs in Chromium and of search, measured now
	@tests/setup/build-tools.sh
	@tests/setup/docker.sh
	@tests/setup/packages.sh chromium chromium-driver
	cargo build --release --locked
	SLIPWAY_TEST_BINARY=$(CURDIR)/target/release/slipway cargo bench --profile dev --locked --bench figures

fmt: ## formats the code
	cargo fmt --all

lint: ## what must hold besides the tests: format, clippy, types of the pages' modules, licences, compose file
	@tests/setup/build-tools.sh
	@tests/setup/packages.sh docker-compose
	cargo fmt --all --check
	cargo clippy --workspace --all-targets --locked -- -D warnings
	@tests/setup/tsc.sh
	@tests/setup/deny.sh
	docker-compose config --quiet
