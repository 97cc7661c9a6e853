// NOT BUILT BY US: there was no Android SDK. The sources are those of the Maven module, which is tested on the JVM.
plugins {
    id("com.android.library") version "8.7.3"
    id("org.jetbrains.kotlin.android") version "2.2.0"
}

dependencies {
    // For PickleFormat; the program that uses it brings it.
    compileOnly("org.jetbrains.kotlinx:kotlinx-serialization-core:1.9.0")
}

android {
    namespace = "org.libpickle"
    compileSdk = 35
    defaultConfig {
        // java.time and java.nio.file.
        minSdk = 26
        consumerProguardFiles("consumer-rules.pro")
    }
    compileOptions {
        sourceCompatibility = JavaVersion.VERSION_11
        targetCompatibility = JavaVersion.VERSION_11
    }
    sourceSets["main"].kotlin.srcDirs("../src/main/kotlin")
    // native.sh puts jni/ABI/libpickle_uniffi.so here; they stand aligned and uncompressed in the APK.
    sourceSets["main"].jniLibs.srcDirs("build/jni")
    packaging.jniLibs.useLegacyPackaging = false
}

kotlin.compilerOptions.jvmTarget.set(org.jetbrains.kotlin.gradle.dsl.JvmTarget.JVM_11)
