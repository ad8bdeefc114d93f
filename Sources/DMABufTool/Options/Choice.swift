// SPDX-License-Identifier: MIT
public import ArgumentParser

/// The value of an option that accepts a few words.
///
/// ArgumentParser could find the words of any such enumeration. But it uses key paths and dictionaries, which the
/// runtime has to build at each start of the command.
public protocol Choice: ExpressibleByArgument, CaseIterable, RawRepresentable<String> {}

extension Choice {
  /// The words, for help and completion.
  public static var allValueStrings: [String] { allCases.map { $0.rawValue } }
  /// Empty: the words need no description.
  public static var allValueDescriptions: [String: String] { [:] }
  /// The word itself.
  public var defaultValueDescription: String { rawValue }
}
