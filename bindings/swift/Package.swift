// swift-tools-version: 6.0
import Foundation
import PackageDescription

// `./task swift` runs the tests in both language modes.
let mode: SwiftLanguageMode = ProcessInfo.processInfo.environment["PICKLE_SWIFT_MODE"] == "5" ? .v5 : .v6

// Where libpickle_uniffi.a lies: generate.sh puts it here.
let library = Context.packageDirectory + "/lib"

let package = Package(
    name: "Pickle",
    platforms: [.macOS(.v12), .iOS(.v15), .tvOS(.v15), .watchOS(.v8)],
    products: [.library(name: "Pickle", targets: ["Pickle"])],
    targets: [
        // The header and module map that generate.sh makes. For Apple's systems xcframework.sh makes a binary target of it.
        .systemLibrary(name: "CPickleFFI"),
        // What uniffi generates, and nothing else.
        .target(name: "PickleFFI", dependencies: ["CPickleFFI"]),
        .target(
            name: "Pickle",
            dependencies: ["PickleFFI"],
            linkerSettings: [.unsafeFlags(["-L", library]), .linkedLibrary("pickle_uniffi")]
        ),
        .testTarget(name: "PickleTests", dependencies: ["Pickle"]),
    ],
    swiftLanguageModes: [mode]
)
