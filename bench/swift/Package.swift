// swift-tools-version: 6.0
import PackageDescription

let package = Package(
    name: "bench",
    platforms: [.macOS(.v12)],
    dependencies: [.package(name: "Pickle", path: "../../bindings/swift")],
    targets: [.executableTarget(name: "bench", dependencies: ["Pickle"])]
)
