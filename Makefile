# Thin names for the commands of this project; each one works alone too.
.PHONY: start check long bench lock

start:
	./start

check:
	./check

# What takes longer than CI may: the tests marked `long` and the proof on a bare Debian (as root).
long:
	./check --long

bench:
	.venv/bin/python -m bench

# Pins every package by version and hash. Without the name of an index, so that the lock is used
# with whatever index or mirror a machine is set up for.
LOCK = uv pip compile --universal --python-version 3.11 --generate-hashes --custom-compile-command "make lock" \
	--no-emit-index-url --no-emit-find-links --upgrade --quiet

lock:
	printf 'hatchling\neditables\n' | $(LOCK) pyproject.toml - --output-file requirements.lock
	printf 'hatchling\neditables\n' | $(LOCK) pyproject.toml - --extra planning \
		--constraints requirements.lock --output-file requirements-planning.lock
	printf 'hatchling\neditables\n' | $(LOCK) pyproject.toml - --extra planning --extra test \
		--constraints requirements.lock --output-file requirements-test.lock
