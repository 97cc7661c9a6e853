# shellcheck shell=bash disable=SC2034,SC2154
# What is published, packed and tried from a fresh folder. Sourced by task.

# package_tool NAME VERSION: a program of the registry's, for packing, in the cache.
package_tool() {
    [ -x "$CACHE/bin/$1" ] || cargo install -q "$1" --version "$2" --locked --root "$CACHE"
}

# Crates, in the order in which they have to be published.
package_crates="pickle-core pickle-ffi pickle-arrow pickle-cli"

recipe_package() { #  packs crates, C library, Debian package, SBOM and checksums, installs each in a fresh folder, runs its first example
    need_cargo
    local version out=$REPO/target/package/out fresh=$REPO/target/package/fresh crate name system
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
    system=$(rustc -vV | sed -n 's/^host: //p')
    rm -rf "$out" "$fresh"
    mkdir -p "$out" "$fresh"

    say "packing: crates"
    local flags=()
    for crate in $package_crates; do flags+=(-p "$crate"); done
    # They are compiled below, from what was packed, and published only by hand: `cargo publish -p CRATE` in the order above.
    cargo package -q --no-verify --allow-dirty "${flags[@]}" --target-dir target/package/crates
    for crate in $package_crates; do
        name=$crate-$version
        cp "target/package/crates/package/$name.crate" "$out/"
        tar -xzf "$out/$name.crate" -C "$fresh"
        for file in Cargo.toml README.md LICENSE-MIT LICENSE-APACHE src/lib.rs; do
            [ -s "$fresh/$name/$file" ] || { echo "$name: $file is not packed" >&2; return 1; }
        done
        echo "$name.crate: $(stat -c %s "$out/$name.crate") bytes, $(tar -tzf "$out/$name.crate" | wc -l) files"
    done
    package_consumer "$fresh" "$version"

    say "packing: the command"
    # From the packed crates, as `cargo install` does it, but for those that it needs: no registry has them yet.
    local patch=()
    for crate in pickle-core pickle-arrow; do patch+=(--config "patch.crates-io.$crate.path=\"$fresh/$crate-$version\""); done
    cargo install -q "${patch[@]}" --path "$fresh/pickle-cli-$version" --root "$fresh/command" --target-dir target/package/build --force
    "$fresh/command/bin/pickle" get examples/data/weather.pkl '$.readings[0].temp'
    tar -czf "$out/pickle-$version-$system.tar.gz" -C "$fresh/command/bin" pickle

    say "packing: Debian package"
    if package_tool cargo-deb 3.8.0 && apt dpkg-dev; then
        mkdir -p target/package/build/release
        cp "$fresh/command/bin/pickle" target/package/build/release/pickle
        PATH=$CACHE/bin:$PATH CARGO_TARGET_DIR=target/package/build cargo deb -q -p pickle-cli --no-build --no-strip --output "$out/"
        mkdir "$fresh/debian"
        dpkg-deb -x "$out"/*.deb "$fresh/debian"
        "$fresh/debian/usr/bin/pickle" get examples/data/weather.pkl '$.readings[0].temp'
        dpkg-deb -f "$out"/*.deb Package Version Depends
    else
        skip "Debian package: cargo-deb does not install"
    fi

    say "packing: C library"
    name=libpickle-$version-$system
    make -s -C ffi install PREFIX=/ DESTDIR="$fresh/c/$name"
    cp LICENSE-MIT LICENSE-APACHE CHANGELOG.md docs/c.md "$fresh/c/$name/"
    tar -czf "$out/$name.tar.gz" -C "$fresh/c" "$name"
    mkdir "$fresh/unpacked"
    tar -xzf "$out/$name.tar.gz" -C "$fresh/unpacked"
    package_c "$fresh/unpacked/$name" "$fresh"

    say "packing: list of what is inside, checksums"
    if package_tool cargo-cyclonedx 0.5.9; then
        (cd cli && PATH=$CACHE/bin:$PATH cargo cyclonedx -q --format json --override-filename pickle-sbom && mv pickle-sbom.json "$out/")
        find core ffi bindings -name pickle-sbom.json -delete
        python3 -c 'import json, sys; print(len(json.load(open(sys.argv[1]))["components"]), "components")' "$out/pickle-sbom.json"
    else
        skip "list of what is inside: cargo-cyclonedx does not install"
    fi
    (cd "$out" && sha256sum -- * >SHA256SUMS && sha256sum --quiet -c SHA256SUMS && cat SHA256SUMS)
}

# package_consumer FRESH VERSION: a program of its own that depends on the packed crates and reads a pickle.
package_consumer() {
    mkdir -p "$1/consumer/src"
    cat >"$1/consumer/Cargo.toml" <<EOF
[package]
name = "consumer"
version = "0.0.0"
edition = "2024"
[workspace]
[dependencies]
pickle-core = { version = "$2", features = ["std", "serde", "text-float", "verdict-all"] }
pickle-ffi = "$2"
[patch.crates-io]
pickle-core = { path = "../pickle-core-$2" }
[dependencies.serde]
version = "1"
features = ["derive"]
EOF
    cat >"$1/consumer/src/main.rs" <<'EOF'
use pickle_core::{Heap, Options, Unpickler};
use pickle as _;

#[derive(serde::Deserialize)]
struct Row { temp: f64 }
#[derive(serde::Deserialize)]
struct Weather { readings: Vec<Row> }

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let bytes = std::fs::read(std::env::args().nth(1).ok_or("a file")?)?;
    let mut unpickler = Unpickler::new(Heap::new(), Options::new());
    let document = unpickler.load(&bytes)?;
    let temp = document.find("$.readings[0].temp").and_then(|v| v.as_f64());
    let weather: Weather = pickle_core::serde::from_slice(&bytes, Default::default())?;
    assert_eq!(temp, weather.readings.first().map(|row| row.temp));
    println!("temp is {:?}", temp.ok_or("no such value")?);
    Ok(())
}
EOF
    sed -i "s|^pickle-ffi = .*|pickle-ffi = { path = \"../pickle-ffi-$2\" }|" "$1/consumer/Cargo.toml"
    cargo run -q --manifest-path "$1/consumer/Cargo.toml" --target-dir target/package/consumer -- examples/data/weather.pkl
}

# package_c UNPACKED FRESH: the C library as it was unpacked, found by pkg-config and CMake, linked in both ways.
package_c() {
    local flags
    export PKG_CONFIG_PATH=$1/lib/pkgconfig
    flags=$(pkg-config --cflags --libs pickle)
    # shellcheck disable=SC2086
    gcc -std=c99 examples/c/read.c -o "$2/read" $flags -Wl,-rpath,"$1/lib"
    "$2/read" examples/data/weather.pkl '$.readings[0].temp'
    flags=$(pkg-config --static --cflags --libs pickle)
    # shellcheck disable=SC2086
    gcc -std=c99 -static examples/c/read.c -o "$2/read-static" $flags
    "$2/read-static" examples/data/weather.pkl '$.readings[0].temp'
    unset PKG_CONFIG_PATH
    cmake -S tests/c -B "$2/cmake" -DCMAKE_PREFIX_PATH="$1" >/dev/null
    cmake --build "$2/cmake" >/dev/null
    "$2/cmake/test-pickle" && "$2/cmake/test-shared"
}

recipe_cpack() { #  the C library by CMake presets, Meson and Conan; the tests on ARM under QEMU; nightly
    need_cargo
    say "C: CMake presets"
    mkdir -p target
    local preset presets=(host)
    if apt cmake gcc-aarch64-linux-gnu libc6-dev-arm64-cross gcc-arm-linux-gnueabihf libc6-dev-armhf-cross qemu-user &&
        rustup target add aarch64-unknown-linux-gnu armv7-unknown-linux-gnueabihf >/dev/null 2>&1; then
        presets+=(aarch64 armhf)
    else
        skip "C on ARM: compilers, Rust's libraries or qemu-user are not to be had"
    fi
    for preset in "${presets[@]}"; do
        echo "$preset"
        (cd ffi && cmake --preset "$preset" && cmake --build --preset "$preset" && ctest --preset "$preset") >"target/cmake-$preset.log" 2>&1 || {
            tail -40 "target/cmake-$preset.log"
            return 1
        }
        grep 'tests passed' "target/cmake-$preset.log"
    done
    DESTDIR=$REPO/target/cmake/installed cmake --install target/cmake/host --prefix /usr
    test -f target/cmake/installed/usr/lib/pkgconfig/pickle.pc

    say "C: Meson"
    if apt meson ninja-build; then
        rm -rf target/meson
        { meson setup target/meson ffi && meson test -C target/meson --print-errorlogs; } >target/meson.log 2>&1 || {
            tail -40 target/meson.log
            return 1
        }
        grep -E '^(Ok|Fail):' target/meson.log
    else
        skip "C: Meson is not to be had"
    fi

    say "C: Conan"
    if venv conan python3 "conan>=2.20,<3"; then
        export CONAN_HOME=$REPO/target/conan
        "$CACHE/conan/bin/conan" profile detect --force >/dev/null 2>&1
        "$CACHE/conan/bin/conan" create ffi/conan -o 'libpickle/*:shared=False' >target/conan.log 2>&1 &&
            "$CACHE/conan/bin/conan" create ffi/conan -o 'libpickle/*:shared=True' >>target/conan.log 2>&1 || {
            tail -40 target/conan.log
            return 1
        }
        grep 'temp is' target/conan.log
    else
        skip "C: pip cannot install Conan"
    fi
}

recipe_release() { #  all that a release has: versions agree, everything is packed, installed in fresh places and run; publishes nothing; nightly
    need_cargo
    local version
    version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
    python3 tests/version.py
    grep -q "^## \[$version\]" CHANGELOG.md || { echo "CHANGELOG.md has no section of $version" >&2; return 1; }
    if [ -n "$(git status --porcelain)" ]; then
        echo "uncommitted changes: a release is made of a commit" >&2
        [ "${1:-}" = --dry-run ] || return 1
    fi
    recipe_package
    package_python "$version"
    package_kotlin "$version"
    package_manifests "$version"
    (cd target/package/out && find . -type f ! -name SHA256SUMS -printf '%P\n' | sort | xargs -d '\n' sha256sum >SHA256SUMS && sha256sum --quiet -c SHA256SUMS)
    if [ ${#SKIPPED[@]} != 0 ]; then
        printf 'left out: %s\n' "${SKIPPED[@]}"
        # Nothing may be left out of what is published.
        [ "${1:-}" = --dry-run ] || return 1
    fi
    echo "packed for this system alone: commands and wheels for the others are built by the release workflow"
    say "nothing was published; in this order it is"
    local crate
    for crate in $package_crates; do echo "cargo publish -p $crate"; done
    echo "maturin upload target/package/out/libpickle-$version*"
    echo "git tag v$version && git push origin v$version    # the release workflow packs for every system"
}

# package_python VERSION: wheel and source archive, each installed in a fresh environment of every Python at hand.
package_python() {
    say "packing: Python"
    local out=$REPO/target/package/out fresh=$REPO/target/package/fresh python name
    venv packing "$(python_that True 3.13 3.12 3.11 3.9)" 'maturin>=1.8,<2'
    CARGO_TARGET_DIR=target/package/python "$CACHE/packing/bin/maturin" build -q --release --locked --sdist --out "$out" \
        --manifest-path bindings/python/Cargo.toml
    for python in $(pythons True 3.9 3.10 3.11 3.12 3.13 3.14); do
        name=$fresh/venv-$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        [ ! -e "$name" ] || continue
        "$python" -m venv "$name"
        "$name/bin/pip" install -q --no-index --no-deps "$out"/libpickle-"$1"-*.whl
        package_python_runs "$name"
    done
    # Built from the archive alone, with what it has of the repository.
    "$CACHE/packing/bin/python" -m venv "$fresh/venv-sdist"
    CARGO_PROFILE_RELEASE_LTO=off CARGO_TARGET_DIR=$REPO/target/package/sdist \
        "$fresh/venv-sdist/bin/pip" install -q --no-deps "$out/libpickle-$1.tar.gz"
    package_python_runs "$fresh/venv-sdist"
}

package_python_runs() {
    (cd target/package/fresh && "$1/bin/python" - "$REPO/examples/data/weather.pkl" <<'EOF'
import sys
import libpickle

with open(sys.argv[1], "rb") as file:
    data = file.read()
assert libpickle.scan(data).verdict == "unknown"
assert libpickle.scan(data, allow=["weather.Station"]).verdict == "clean"
print("%d.%d:" % sys.version_info[:2], "temp is", libpickle.loads(data)["readings"][0]["temp"])
EOF
    )
}

# package_kotlin VERSION: jar, sources and POM, as a local repository has them; no program uses them from there.
package_kotlin() {
    say "packing: Kotlin"
    local repository=$REPO/target/package/out/maven
    if ! command -v mvn >/dev/null && ! apt maven; then
        skip "Maven bundle: there is no Maven"
        return
    fi
    bindings/kotlin/generate.sh
    mvn -q -B -f bindings/kotlin/pom.xml -DskipTests package \
        org.apache.maven.plugins:maven-deploy-plugin:3.1.3:deploy "-DaltDeploymentRepository=packed::file://$repository"
    ls "$repository/org/libpickle/libpickle/$1"
    test -s "$repository/org/libpickle/libpickle/$1/libpickle-$1-sources.jar"
}

# package_manifests VERSION: for Homebrew and the Arch User Repository, filled in for the source archive. Scoop's is checked alone:
# it needs the checksum of the archive for Windows, which the release workflow makes.
package_manifests() {
    say "packing: manifests"
    local out=$REPO/target/package/out archive sum file
    archive=$out/libpickle-$1-source.tar.gz
    git archive --format=tar.gz --prefix="libpickle-$1/" -o "$archive" HEAD
    sum=$(sha256sum "$archive" | cut -d' ' -f1)
    for file in pickle.rb PKGBUILD; do
        sed "s/@VERSION@/$1/g; s/@SHA256@/$sum/g" "cli/packaging/$file" >"$out/$file"
        ! grep -q '@[A-Z0-9]*@' "$out/$file"
    done
    bash -n "$out/PKGBUILD"
    # The checksum is that of the file at the address: an archive that the forge makes of a tag has other bytes.
    file=$(. "$out/PKGBUILD" && echo "${source[0]##*/}")
    [ "$file" = "${archive##*/}" ] && grep -q "/v$1/${archive##*/}\"" "$out/pickle.rb" || {
        echo "manifests: the checksum is of ${archive##*/}, the address is another's" >&2
        return 1
    }
    python3 -m json.tool cli/packaging/pickle.json >/dev/null
}
