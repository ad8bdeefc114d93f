// SPDX-License-Identifier: MIT
extension PixelFormat {
  /// The codes of `videodev2.h` that DRM lacks, or that mean other pixels there. The low bits of packed Bayer and gray
  /// samples are in bytes of their own, and are omitted: `Y10P` has 8 of 10 bits.
  static let v4l2Formats = FormatTable(
    """
    RGB1 = RGB8
    R444 = XR12
    GA12 = BA12
    RGBO = XR15
    RGBQ = XR15 be
    RGBP = RG16
    RGBR = RG16 be
    BGR3 = RG24
    RGB3 = BG24
    BGR4 = XR24
    RGB4 = BX24
    BGR6 = RG48
    RGB6 = BG48
    PAL8 = C8
    BGRH B6 G6 R6 x14 be
    B312 R12 x4 G12 x4 B12 x4
    B412 A12 x4 R12 x4 G12 x4 B12 x4
    HI24 ?8
    HSV3 ?24
    HSV4 ?32
    Y04  x4 Y4
    Y06  x2 Y6
    Y10  x6 Y10
    Y12  x4 Y12
    Y012 Y12 x4
    Y14  x2 Y14
    Y16  Y16
    Z16  Y16
    Y10B 4*Y10 > be
    Y10P x8 4*Y8
    Y12P x8 2*Y8
    Y14P x24 4*Y8
    ip3y x6 25*Y10
    Y8I  ?16
    Y12I ?24
    UV8  ?8
    YYUV V8 U8 2*Y8
    Y41P 4*Y8 Y8 V8 Y8 U8 Y8 V8 Y8 U8
    Y444 x4 Y4 U4 V4
    YUVO x1 Y5 U5 V5
    YUVP Y5 U6 V5
    YUV3 = VU24
    YUV4 V8 U8 Y8 x8
    AYUV V8 U8 Y8 A8
    XYUV V8 U8 Y8 x8
    VUYA = AYUV
    VUYX = XYUV
    YUVA = AVUY
    YUVX = XVUY
    Y312 V12 x4 U12 x4 Y12 x4
    NM12 = NV12 separate
    NM21 = NV21 separate
    NM16 = NV16 separate
    NM61 = NV61 separate
    PM12 = P012 separate
    YM12 = YU12 separate
    YM21 = YV12 separate
    YM16 = YU16 separate
    YM61 = YV16 separate
    YM24 = YU24 separate
    YM42 = YV24 separate
    411P = YU11
    422P = YU16
    444P = YU24
    M420 ?
    VT12 ?
    HM12 ?
    ST12 ?
    T010 ?
    TM12 ?
    VM12 ?
    NA12 ?
    NT12 ?
    NC12 ?
    NC30 ?
    MM21 ?
    MT21 ?
    Q08C ?
    Q10C ?
    BA81 S8
    GBRG S8
    GRBG S8
    RGGB S8
    aBA8 ?8
    aGA8 ?8
    agA8 ?8
    aRA8 ?8
    bBA8 ?8
    bGA8 ?8
    BD10 ?8
    bRA8 ?8
    BG10 x6 S10
    GB10 x6 S10
    BA10 x6 S10
    RG10 x6 S10
    BG12 x4 S12
    GB12 x4 S12
    BA12 x4 S12
    RG12 x4 S12
    BG14 x2 S14
    GB14 x2 S14
    GR14 x2 S14
    RG14 x2 S14
    BYR2 S16
    GB16 S16
    GR16 S16
    RG16 S16
    pBAA x8 4*S8
    pGAA x8 4*S8
    pgAA x8 4*S8
    pRAA x8 4*S8
    pBCC x8 2*S8
    pGCC x8 2*S8
    pgCC x8 2*S8
    pRCC x8 2*S8
    pBEE x24 4*S8
    pGEE x24 4*S8
    pgEE x24 4*S8
    pREE x24 4*S8
    ip3b x6 25*S10
    ip3g x6 25*S10
    ip3G x6 25*S10
    ip3r x6 25*S10
    """)

  /// The codes that mean the same pixels in DRM and V4L2.
  static let sharedCodes = Set(
    """
    XR12 AR12 RX12 RA12 XB12 AB12 BX12 XR15 AR15 RX15 RA15 XB15 AB15 BX15 BA15 XR24 AR24 RX24 RA24 XB24 AB24 BX24
    BA24 RX30 RA30 AR30 YUYV YVYU UYVY VYUY Y210 Y212 Y216 GREY NV12 NV21 NV16 NV61 NV24 NV42 NV15 NV20 P010 P012
    YUV9 YVU9 YU12 YV12
    """.split { $0 == " " || $0 == "\n" }.map(String.init))
}
