# SPDX-License-Identifier: MIT
{
  pkgs ? import <nixpkgs> { },
}:

let
  inherit (pkgs) lib stdenv fetchurl;
  version = "@VERSION@";
  hashes = {
    x86_64 = "@SHA256_X86_64@";
    aarch64 = "@SHA256_AARCH64@";
  };
  architecture = stdenv.hostPlatform.parsed.cpu.name;
in
stdenv.mkDerivation {
  pname = "dmabuf";
  inherit version;

  src = fetchurl {
    url = "@RELEASES@/dmabuf-${version}-linux-${architecture}.tar.xz";
    sha256 = hashes.${architecture} or (throw "dmabuf: no executable for ${architecture}");
  };

  # The executable is static and stripped.
  dontStrip = true;
  dontPatchELF = true;

  installPhase = ''
    runHook preInstall
    mkdir -p $out
    cp -R bin share $out
    runHook postInstall
  '';

  doInstallCheck = stdenv.buildPlatform.canExecute stdenv.hostPlatform;
  installCheckPhase = ''
    test "$($out/bin/dmabuf --version | head -n 1)" = "dmabuf ${version}"
  '';

  meta = {
    description = "Inspect and exercise dma-bufs";
    license = with lib.licenses; [ mit asl20 lgpl21Plus ];
    sourceProvenance = [ lib.sourceTypes.binaryNativeCode ];
    platforms = [ "x86_64-linux" "aarch64-linux" ];
    mainProgram = "dmabuf";
  };
}
