import Testing

@testable import DMABufTool
