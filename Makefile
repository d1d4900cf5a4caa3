# Thin names for the commands of this project; each one works alone too.
.PHONY: start check long bare-debian bench words lock

start:
	./start

check:
	./check

# What takes longer than CI may, for the time before a release: the tests marked `long`, and (as
# root) the two commands of the README on a bare Debian.
long:
	./check --long

bare-debian:
	tests/long/bare_debian.sh

bench:
	.venv/bin/python -m bench

# Everything that people read, into the catalogues: what is new waits there without a translation,
# what is gone goes, and the compiled form is made anew. Run it after a change of words, fill in
# what is empty (`msgstr ""`), run it again.
PYBABEL = .venv/bin/pybabel
CATALOGUES = fulfillment/translations

words:
	@mkdir -p build
	$(PYBABEL) --quiet extract --mapping-file babel.cfg --add-location file --sort-output --no-wrap \
		--project Fulfillment --output-file build/messages.pot .
	$(PYBABEL) --quiet update --input-file build/messages.pot --output-dir $(CATALOGUES) \
		--no-fuzzy-matching --ignore-obsolete --ignore-pot-creation-date --no-wrap
	$(PYBABEL) --quiet compile --directory $(CATALOGUES)

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
