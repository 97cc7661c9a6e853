// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "bench",
    platforms: [.macOS(.v12)],
    dependencies: [.package(path: "../../../bindings/swift")],
    targets: [.executableTarget(name: "bench", dependencies: [.product(name: "Pickle", package: "swift")])]
)
