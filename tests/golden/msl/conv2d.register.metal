// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
    uint size3;
    uint size4;
};

struct Dims {
    uint n;
    uint c;
    uint h;
    uint w;
    uint o;
    uint oh;
    uint ow;
    uint kh;
    uint kw;
    uint stride_h;
    uint stride_w;
    uint padding_h;
    uint padding_w;
    uint dilation_h;
    uint dilation_w;
    uint groups;
    uint epilogue;
    uint sums;
};
typedef float type_6[1];
constant uint BIAS = 1u;
constant uint RELU = 2u;
constant uint MASK = 4u;
constant uint TILE_ROWS = 1u;
constant uint TILE_COLS = 32u;

uint group_index(
    metal::uint3 group_1,
    metal::uint3 groups_1
) {
    return group_1.x + (group_1.y * groups_1.x);
}

bool is_nan(
    float x
) {
    return (as_type<uint>(x) & 2147483647u) > 2139095040u;
}

bool is_non_finite(
    float x_1
) {
    return (as_type<uint>(x_1) & 2147483647u) >= 2139095040u;
}

uint naga_f2u32(float value) {
    return static_cast<uint>(metal::clamp(value, 0.0, 4294967000.0));
}

int naga_f2i32(float value) {
    return static_cast<int>(metal::clamp(value, -2147483600.0, 2147483500.0));
}

uint divide(
    uint a,
    uint b
) {
    float per_b = 1.0 / static_cast<float>(b);
    uint near = naga_f2u32(static_cast<float>(a) * per_b);
    float rest = static_cast<float>(static_cast<int>(a - (near * b)));
    uint q = near + static_cast<uint>(naga_f2i32(metal::floor((rest + 0.5) * per_b)));
    int over = static_cast<int>(a - (q * b));
    return (q + ((over >= static_cast<int>(b)) ? 1u : 0u)) - ((over < 0) ? 1u : 0u);
}

float relu(
    float x_2
) {
    bool local = {};
    uint bits = as_type<uint>(x_2);
    if (bits > 2147483648u) {
        local = bits <= 4286578688u;
    } else {
        local = false;
    }
    bool _e9 = local;
    return _e9 ? 0.0 : x_2;
}

float masked(
    float y,
    float dy
) {
    bool local_1 = {};
    uint bits_1 = as_type<uint>(y);
    if ((bits_1 - 1u) >= 2147483647u) {
        local_1 = bits_1 <= 4286578688u;
    } else {
        local_1 = false;
    }
    bool _e12 = local_1;
    return _e12 ? 0.0 : dy;
}

uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

uint weight_words(
    constant Dims& dims
) {
    uint _e2 = dims.o;
    uint _e5 = dims.c;
    uint _e8 = dims.groups;
    uint _e13 = dims.kh;
    uint _e17 = dims.kw;
    uint _e21 = dims.sums;
    uint _e24 = dims.o;
    uint _e28 = dims.sums;
    return (_e28 != 0u) ? (_e21 + _e24) : (((_e2 * naga_div(_e5, _e8)) * _e13) * _e17);
}

metal::float2 relu2_(
    metal::float2 x_3
) {
    metal::uint2 bits_2 = as_type<metal::uint2>(x_3);
    return metal::select(x_3, metal::float2 {}, (bits_2 > metal::uint2(2147483648u)) & (bits_2 <= metal::uint2(4286578688u)));
}

metal::float2 masked2_(
    metal::float2 y_1,
    metal::float2 dy_1
) {
    metal::uint2 bits_3 = as_type<metal::uint2>(y_1);
    return metal::select(dy_1, metal::float2 {}, ((bits_3 - metal::uint2(1u)) >= metal::uint2(2147483647u)) & (bits_3 <= metal::uint2(4286578688u)));
}

metal::float4 relu4_(
    metal::float4 x_4
) {
    metal::uint4 bits_4 = as_type<metal::uint4>(x_4);
    return metal::select(x_4, metal::float4 {}, (bits_4 > metal::uint4(2147483648u)) & (bits_4 <= metal::uint4(4286578688u)));
}

metal::float4 masked4_(
    metal::float4 y_2,
    metal::float4 dy_2
) {
    metal::uint4 bits_5 = as_type<metal::uint4>(y_2);
    return metal::select(dy_2, metal::float4 {}, ((bits_5 - metal::uint4(1u)) >= metal::uint4(2147483647u)) & (bits_5 <= metal::uint4(4286578688u)));
}

uint height(
    constant Dims& dims
) {
    uint _e2 = dims.o;
    uint _e5 = dims.groups;
    return naga_div(_e2, _e5);
}

uint channels(
    constant Dims& dims
) {
    uint _e2 = dims.c;
    uint _e5 = dims.groups;
    return naga_div(_e2, _e5);
}

uint source_channels(
    constant Dims& dims
) {
    uint _e2 = dims.c;
    return _e2;
}

uint weight_at(
    uint g,
    uint row,
    uint tap,
    constant Dims& dims
) {
    uint _e3 = height(dims);
    uint _e6 = channels(dims);
    return ((((g * _e3) + row) * _e6) * 1u) + tap;
}
uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(8)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_6 const& x_5 [[buffer(1)]]
, device type_6 const& weight [[buffer(2)]]
, device type_6 const& e [[buffer(3)]]
, device type_6& y_3 [[buffer(4)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    uint at0_ = {};
    uint at1_ = {};
    uint at2_ = {};
    uint at3_ = {};
    float c0_0_ = float {};
    float c0_1_ = float {};
    float c0_2_ = float {};
    float c0_3_ = float {};
    uint c = 0u;
    uint ky = {};
    uint _e5 = dims.n;
    uint _e8 = dims.oh;
    uint _e12 = dims.ow;
    uint pixels = (_e5 * _e8) * _e12;
    uint sideways = naga_div((pixels + TILE_COLS) - 1u, TILE_COLS);
    uint _e20 = height(dims);
    uint down = naga_div((_e20 + TILE_ROWS) - 1u, TILE_ROWS);
    uint _e27 = group_index(group, groups);
    uint g_1 = naga_div(_e27, sideways * down);
    uint _e32 = dims.groups;
    if (g_1 >= _e32) {
        return;
    }
    uint row0_ = naga_mod(naga_div(_e27, sideways), down) * TILE_ROWS;
    uint first = (naga_mod(_e27, sideways) * 32u) + lane;
    uint _e44 = dims.w;
    uint w = naga_div(_e44, 1u);
    uint _e49 = dims.h;
    uint plane = _e49 * w;
    uint _e53 = dims.ow;
    uint out_w = naga_div(_e53, 1u);
    uint unit0_ = metal::min(first + 0u, naga_div(pixels, 1u) - 1u);
    uint _e63 = divide(unit0_, out_w);
    uint _e66 = dims.oh;
    uint _e67 = divide(_e63, _e66);
    uint x0_ = (unit0_ - (_e63 * out_w)) * 1u;
    uint _e74 = dims.oh;
    uint y0_ = _e63 - (_e67 * _e74);
    uint _e77 = source_channels(dims);
    uint _e79 = channels(dims);
    at0_ = ((((_e67 * _e77) + (g_1 * _e79)) * plane) + (y0_ * w)) + x0_;
    uint unit1_ = metal::min(first + 8u, naga_div(pixels, 1u) - 1u);
    uint _e94 = divide(unit1_, out_w);
    uint _e97 = dims.oh;
    uint _e98 = divide(_e94, _e97);
    uint x1_ = (unit1_ - (_e94 * out_w)) * 1u;
    uint _e105 = dims.oh;
    uint y1_ = _e94 - (_e98 * _e105);
    uint _e108 = source_channels(dims);
    uint _e110 = channels(dims);
    at1_ = ((((_e98 * _e108) + (g_1 * _e110)) * plane) + (y1_ * w)) + x1_;
    uint unit2_ = metal::min(first + 16u, naga_div(pixels, 1u) - 1u);
    uint _e125 = divide(unit2_, out_w);
    uint _e128 = dims.oh;
    uint _e129 = divide(_e125, _e128);
    uint x2_ = (unit2_ - (_e125 * out_w)) * 1u;
    uint _e136 = dims.oh;
    uint y2_ = _e125 - (_e129 * _e136);
    uint _e139 = source_channels(dims);
    uint _e141 = channels(dims);
    at2_ = ((((_e129 * _e139) + (g_1 * _e141)) * plane) + (y2_ * w)) + x2_;
    uint unit3_ = metal::min(first + 24u, naga_div(pixels, 1u) - 1u);
    uint _e156 = divide(unit3_, out_w);
    uint _e159 = dims.oh;
    uint _e160 = divide(_e156, _e159);
    uint x3_ = (unit3_ - (_e156 * out_w)) * 1u;
    uint _e167 = dims.oh;
    uint y3_ = _e156 - (_e160 * _e167);
    uint _e170 = source_channels(dims);
    uint _e172 = channels(dims);
    at3_ = ((((_e160 * _e170) + (g_1 * _e172)) * plane) + (y3_ * w)) + x3_;
    uint _e182 = height(dims);
    uint at_w0_ = metal::min(row0_ + 0u, _e182 - 1u);
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e316 = c;
            c = _e316 + 1u;
        }
        loop_init = false;
        uint _e196 = c;
        uint _e197 = channels(dims);
        if (_e196 < _e197) {
        } else {
            break;
        }
        {
            ky = 0u;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e305 = ky;
                    ky = _e305 + 1u;
                }
                loop_init_1 = false;
                uint _e201 = ky;
                if (_e201 < 1u) {
                } else {
                    break;
                }
                {
                    uint _e205 = at0_;
                    uint _e206 = ky;
                    uint r0_ = (_e205 + ((_e206 * 1u) * w)) - (0u * w);
                    float _e220 = x_5[metal::min(unsigned((r0_ + 0u) - 0u), (_buffer_sizes.size1 - 0 - 4) / 4)];
                    float b0_0_ = true ? _e220 : 0.0;
                    uint _e224 = at1_;
                    uint _e225 = ky;
                    uint r1_ = (_e224 + ((_e225 * 1u) * w)) - (0u * w);
                    float _e239 = x_5[metal::min(unsigned((r1_ + 0u) - 0u), (_buffer_sizes.size1 - 0 - 4) / 4)];
                    float b0_1_ = true ? _e239 : 0.0;
                    uint _e243 = at2_;
                    uint _e244 = ky;
                    uint r2_ = (_e243 + ((_e244 * 1u) * w)) - (0u * w);
                    float _e258 = x_5[metal::min(unsigned((r2_ + 0u) - 0u), (_buffer_sizes.size1 - 0 - 4) / 4)];
                    float b0_2_ = true ? _e258 : 0.0;
                    uint _e262 = at3_;
                    uint _e263 = ky;
                    uint r3_ = (_e262 + ((_e263 * 1u) * w)) - (0u * w);
                    float _e277 = x_5[metal::min(unsigned((r3_ + 0u) - 0u), (_buffer_sizes.size1 - 0 - 4) / 4)];
                    float b0_3_ = true ? _e277 : 0.0;
                    {
                        uint _e281 = ky;
                        uint _e286 = weight_at(g_1, at_w0_, (_e281 * 1u) + 0u, dims);
                        uint _e287 = c;
                        float s0_ = weight[metal::min(unsigned(_e286 + (_e287 * 1u)), (_buffer_sizes.size2 - 0 - 4) / 4)];
                        float _e293 = c0_0_;
                        c0_0_ = _e293 + (s0_ * b0_0_);
                        float _e296 = c0_1_;
                        c0_1_ = _e296 + (s0_ * b0_1_);
                        float _e299 = c0_2_;
                        c0_2_ = _e299 + (s0_ * b0_2_);
                        float _e302 = c0_3_;
                        c0_3_ = _e302 + (s0_ * b0_3_);
                    }
                }
            }
            uint _e308 = at0_;
            at0_ = _e308 + plane;
            uint _e310 = at1_;
            at1_ = _e310 + plane;
            uint _e312 = at2_;
            at2_ = _e312 + plane;
            uint _e314 = at3_;
            at3_ = _e314 + plane;
        }
    }
    uint _e320 = height(dims);
    uint _e324 = height(dims);
    float e0_ = e[metal::min(unsigned((g_1 * _e320) + metal::min(row0_ + 0u, _e324 - 1u)), (_buffer_sizes.size3 - 0 - 4) / 4)];
    uint _e333 = dims.oh;
    uint out_plane = _e333 * out_w;
    if ((first + 0u) < naga_div(pixels, 1u)) {
        uint _e342 = dims.groups;
        uint _e345 = height(dims);
        uint to = ((((((_e67 * _e342) + g_1) * _e345) + row0_) * out_plane) + unit0_) - (_e67 * out_plane);
        uint _e354 = height(dims);
        if ((row0_ + 0u) < _e354) {
            uint at = to + (0u * out_plane);
            float _e361 = c0_0_;
            y_3[metal::min(unsigned(at), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e361 + e0_;
        }
    }
    if ((first + 8u) < naga_div(pixels, 1u)) {
        uint _e370 = dims.groups;
        uint _e373 = height(dims);
        uint to_1 = ((((((_e98 * _e370) + g_1) * _e373) + row0_) * out_plane) + unit1_) - (_e98 * out_plane);
        uint _e382 = height(dims);
        if ((row0_ + 0u) < _e382) {
            uint at_1 = to_1 + (0u * out_plane);
            float _e389 = c0_1_;
            y_3[metal::min(unsigned(at_1), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e389 + e0_;
        }
    }
    if ((first + 16u) < naga_div(pixels, 1u)) {
        uint _e398 = dims.groups;
        uint _e401 = height(dims);
        uint to_2 = ((((((_e129 * _e398) + g_1) * _e401) + row0_) * out_plane) + unit2_) - (_e129 * out_plane);
        uint _e410 = height(dims);
        if ((row0_ + 0u) < _e410) {
            uint at_2 = to_2 + (0u * out_plane);
            float _e417 = c0_2_;
            y_3[metal::min(unsigned(at_2), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e417 + e0_;
        }
    }
    if ((first + 24u) < naga_div(pixels, 1u)) {
        uint _e426 = dims.groups;
        uint _e429 = height(dims);
        uint to_3 = ((((((_e160 * _e426) + g_1) * _e429) + row0_) * out_plane) + unit3_) - (_e160 * out_plane);
        uint _e438 = height(dims);
        if ((row0_ + 0u) < _e438) {
            uint at_3 = to_3 + (0u * out_plane);
            float _e445 = c0_3_;
            y_3[metal::min(unsigned(at_3), (_buffer_sizes.size4 - 0 - 4) / 4)] = _e445 + e0_;
            return;
        } else {
            return;
        }
    } else {
        return;
    }
}
