// SPDX-License-Identifier: MIT
public import ArgumentParser

/// An option's value that is one of a few words.
///
/// ArgumentParser finds the words of any such enumeration by itself, but by key paths and dictionaries that the
/// runtime must first put together, at each start of the command.
public protocol Choice: ExpressibleByArgument, CaseIterable, RawRepresentable<String> {}

extension Choice {
  /// The words, for help and completion.
  public static var allValueStrings: [String] { allCases.map { $0.rawValue } }
  /// None: the words say enough.
  public static var allValueDescriptions: [String: String] { [:] }
  /// The word itself.
  public var defaultValueDescription: String { rawValue }
}
