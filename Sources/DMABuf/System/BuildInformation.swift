internal import CDMABuf

/// What this executable is made of.
public enum BuildInformation {
  /// Three lines: the libraries and their versions where they tell, the kernel headers, and what else was
  /// built in. The headers decide which requests are known, not on which kernels they are made.
  public static var text: String { unsafe String(cString: cdmabuf_build()) }
}
