# Homebrew: the formula of the command. `version` and `sha256` are those of the release's source archive; `./task release`
# fills them in.
class Pickle < Formula
  desc "Read, convert and judge Python's pickles without executing anything"
  homepage "https://github.com/libpickle/libpickle"
  url "https://github.com/libpickle/libpickle/releases/download/v@VERSION@/libpickle-@VERSION@-source.tar.gz"
  sha256 "@SHA256@"
  license any_of: ["MIT", "Apache-2.0"]

  depends_on "rust" => :build

  def install
    system "cargo", "install", *std_cargo_args(path: "cli")
    generate_completions_from_executable(bin/"pickle", "completions")
    (buildpath/"man").mkpath
    system bin/"pickle", "man", buildpath/"man"
    man1.install Dir["man/*.1"]
  end

  test do
    (testpath/"a.pkl").binwrite "]K\x01a."
    assert_equal "1", shell_output("#{bin}/pickle get a.pkl '$[0]'").strip
  end
end
