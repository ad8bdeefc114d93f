// SPDX-License-Identifier: MIT
// swift-format-ignore-file: AlwaysUseLowerCamelCase

extension KernelCall {
  /// `BPF_ITER_CREATE`
  package static let BPF_ITER_CREATE = KernelCall("BPF_ITER_CREATE")
  /// `BPF_LINK_CREATE`
  package static let BPF_LINK_CREATE = KernelCall("BPF_LINK_CREATE")
  /// `BPF_MAP_CREATE`
  package static let BPF_MAP_CREATE = KernelCall("BPF_MAP_CREATE")
  /// `BPF_PROG_LOAD`
  package static let BPF_PROG_LOAD = KernelCall("BPF_PROG_LOAD")
  /// `bpf`
  package static let bpf = KernelCall("bpf")
  /// `bpf_object__open`
  package static let bpf_object__open = KernelCall("bpf_object__open")
}
