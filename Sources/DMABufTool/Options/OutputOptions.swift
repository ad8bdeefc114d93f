import ArgumentParser

/// How results are printed.
struct OutputOptions: ParsableArguments {
  @Flag(name: .long, help: "Print one JSON document.")
  var json = false
}
