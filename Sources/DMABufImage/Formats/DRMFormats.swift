// SPDX-License-Identifier: MIT
extension PixelFormat {
  /// The formats of `drm_fourcc.h`, and later kernels' as of Linux 7.
  static let drmFormats = FormatTable(
    """
    C1   8*C1 >
    C2   4*C2 >
    C4   2*C4 >
    C8   C8
    D1   8*D1 >
    D2   4*D2 >
    D4   2*D4 >
    D8   D8
    R1   8*R1 >
    R2   4*R2 >
    R4   2*R4 >
    R8   R8
    R10  x6 R10
    R12  x4 R12
    R16  R16
    RG88 R8 G8
    GR88 G8 R8
    RG32 R16 G16
    GR32 G16 R16
    RGB8 R3 G3 B2
    BGR8 B2 G3 R3
    XR12 x4 R4 G4 B4
    XB12 x4 B4 G4 R4
    RX12 R4 G4 B4 x4
    BX12 B4 G4 R4 x4
    AR12 A4 R4 G4 B4
    AB12 A4 B4 G4 R4
    RA12 R4 G4 B4 A4
    BA12 B4 G4 R4 A4
    XR15 x1 R5 G5 B5
    XB15 x1 B5 G5 R5
    RX15 R5 G5 B5 x1
    BX15 B5 G5 R5 x1
    AR15 A1 R5 G5 B5
    AB15 A1 B5 G5 R5
    RA15 R5 G5 B5 A1
    BA15 B5 G5 R5 A1
    RG16 R5 G6 B5
    BG16 B5 G6 R5
    RG24 R8 G8 B8
    BG24 B8 G8 R8
    XR24 x8 R8 G8 B8
    XB24 x8 B8 G8 R8
    RX24 R8 G8 B8 x8
    BX24 B8 G8 R8 x8
    AR24 A8 R8 G8 B8
    AB24 A8 B8 G8 R8
    RA24 R8 G8 B8 A8
    BA24 B8 G8 R8 A8
    XR30 x2 R10 G10 B10
    XB30 x2 B10 G10 R10
    RX30 R10 G10 B10 x2
    BX30 B10 G10 R10 x2
    AR30 A2 R10 G10 B10
    AB30 A2 B10 G10 R10
    RA30 R10 G10 B10 A2
    BA30 B10 G10 R10 A2
    RG48 R16 G16 B16
    BG48 B16 G16 R16
    XR48 x16 R16 G16 B16
    XB48 x16 B16 G16 R16
    AR48 A16 R16 G16 B16
    AB48 A16 B16 G16 R16
    XR4H x16 R16f G16f B16f
    XB4H x16 B16f G16f R16f
    AR4H A16f R16f G16f B16f
    AB4H A16f B16f G16f R16f
    R__H R16f
    GR_H G16f R16f
    BGRH B16f G16f R16f
    R__F R32f
    GR_F G32f R32f
    BGRF B32f G32f R32f
    AB8F A32f B32f G32f R32f
    AB10 A10 x6 B10 x6 G10 x6 R10 x6
    YUYV V8 Y8 U8 Y8
    YVYU U8 Y8 V8 Y8
    UYVY Y8 V8 Y8 U8
    VYUY Y8 U8 Y8 V8
    AYUV A8 Y8 U8 V8
    AVUY A8 V8 U8 Y8
    XYUV x8 Y8 U8 V8
    XVUY x8 V8 U8 Y8
    VU24 V8 U8 Y8
    VU30 ?
    Y210 V10 x6 Y10 x6 U10 x6 Y10 x6
    Y212 V12 x4 Y12 x4 U12 x4 Y12 x4
    Y216 V16 Y16 U16 Y16
    Y410 A2 V10 Y10 U10
    Y412 A12 x4 V12 x4 Y12 x4 U12 x4
    Y416 A16 V16 Y16 U16
    XV30 x2 V10 Y10 U10
    XV36 x12 x4 V12 x4 Y12 x4 U12 x4
    XV48 x16 V16 Y16 U16
    XY30 x2 V10 U10 Y10
    GREY Y8
    YPA4 x2 3*Y10
    Y0L0 A1 A1 Y8 x2 V8 x2 Y8 x2 A1 A1 Y8 x2 U8 x2 Y8 x2 =2x2
    Y0L2 A1 A1 Y10 V10 Y10 A1 A1 Y10 U10 Y10 =2x2
    X0L0 x1 x1 Y8 x2 V8 x2 Y8 x2 x1 x1 Y8 x2 U8 x2 Y8 x2 =2x2
    X0L2 x1 x1 Y10 V10 Y10 x1 x1 Y10 U10 Y10 =2x2
    YU08 ?
    YU10 ?
    XRA8 x8 R8 G8 B8 | A8
    XBA8 x8 B8 G8 R8 | A8
    RXA8 R8 G8 B8 x8 | A8
    BXA8 B8 G8 R8 x8 | A8
    R8A8 R8 G8 B8 | A8
    B8A8 B8 G8 R8 | A8
    R5A8 R5 G6 B5 | A8
    B5A8 B5 G6 R5 | A8
    NV12 Y8 | V8 U8 /2x2
    NV21 Y8 | U8 V8 /2x2
    NV16 Y8 | V8 U8 /2x1
    NV61 Y8 | U8 V8 /2x1
    NV24 Y8 | V8 U8
    NV42 Y8 | U8 V8
    NV15 4*Y10 | 2*V10,U10 /2x2
    NV20 4*Y10 | 2*V10,U10 /2x1
    NV30 4*Y10 | 2*V10,U10
    P030 x2 3*Y10 | x2 V10 U10 V10 x2 U10 V10 U10 /2x2
    P230 x2 3*Y10 | x2 V10 U10 V10 x2 U10 V10 U10 /2x1
    P010 Y10 x6 | V10 x6 U10 x6 /2x2
    P012 Y12 x4 | V12 x4 U12 x4 /2x2
    P016 Y16 | V16 U16 /2x2
    P210 Y10 x6 | V10 x6 U10 x6 /2x1
    Q410 Y10 x6 | U10 x6 | V10 x6
    Q401 Y10 x6 | V10 x6 | U10 x6
    S010 x6 Y10 | x6 U10 /2x2 | x6 V10 /2x2
    S012 x4 Y12 | x4 U12 /2x2 | x4 V12 /2x2
    S016 Y16 | U16 /2x2 | V16 /2x2
    S210 x6 Y10 | x6 U10 /2x1 | x6 V10 /2x1
    S212 x4 Y12 | x4 U12 /2x1 | x4 V12 /2x1
    S216 Y16 | U16 /2x1 | V16 /2x1
    S410 x6 Y10 | x6 U10 | x6 V10
    S412 x4 Y12 | x4 U12 | x4 V12
    S416 Y16 | U16 | V16
    YUV9 Y8 | U8 /4x4 | V8 /4x4
    YVU9 Y8 | V8 /4x4 | U8 /4x4
    YU11 Y8 | U8 /4x1 | V8 /4x1
    YV11 Y8 | V8 /4x1 | U8 /4x1
    YU12 Y8 | U8 /2x2 | V8 /2x2
    YV12 Y8 | V8 /2x2 | U8 /2x2
    YU16 Y8 | U8 /2x1 | V8 /2x1
    YV16 Y8 | V8 /2x1 | U8 /2x1
    YU24 Y8 | U8 | V8
    YV24 Y8 | V8 | U8
    """)
}
