// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size1;
    uint size2;
    uint size3;
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
typedef float type_4[1];
struct type_6 {
    metal::float4 inner[320];
};
constant uint TILE_ROWS = 4u;
constant uint TILE_COLS = 4u;
constant uint LANES = 64u;
constant uint LINES = 5u;

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
uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}

metal::uint4 naga_div(metal::uint4 lhs, metal::uint4 rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

metal::uint4 naga_mod(metal::uint4 lhs, metal::uint4 rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_4 const& dy [[buffer(1)]]
, device type_4 const& x_2 [[buffer(2)]]
, device type_4& dw [[buffer(3)]]
, threadgroup type_6& lines
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    if (lane == 0u) {
        lines = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    metal::float4 s0_ = metal::float4 {};
    metal::float4 s1_ = metal::float4 {};
    metal::float4 s2_ = metal::float4 {};
    metal::float4 s3_ = metal::float4 {};
    metal::float4 sums = metal::float4 {};
    uint p = {};
    uint half_ = 32u;
    uint r = {};
    bool local = {};
    bool local_1 = {};
    bool local_2 = {};
    bool local_3 = {};
    bool local_4 = {};
    uint _e5 = dims.c;
    uint _e8 = dims.groups;
    uint group_c = naga_div(_e5, _e8);
    uint _e12 = dims.o;
    uint _e15 = dims.groups;
    uint group_o = naga_div(_e12, _e15);
    uint _e19 = dims.kh;
    uint _e23 = dims.kw;
    uint taps = (group_c * _e19) * _e23;
    uint across = naga_div((taps + TILE_COLS) - 1u, TILE_COLS);
    uint down = naga_div((group_o + TILE_ROWS) - 1u, TILE_ROWS);
    uint _e37 = group_index(group, groups);
    uint g = naga_div(_e37, across * down);
    uint _e42 = dims.groups;
    if (g >= _e42) {
        return;
    }
    uint first_o = naga_mod(naga_div(_e37, across), down) * TILE_ROWS;
    uint first_tap = naga_mod(_e37, across) * TILE_COLS;
    metal::uint4 out = metal::uint4(g * group_o) + metal::min(metal::uint4(first_o) + metal::uint4(0u, 1u, 2u, 3u), metal::uint4(group_o - 1u));
    metal::uint4 tap = metal::min(metal::uint4(first_tap) + metal::uint4(0u, 1u, 2u, 3u), metal::uint4(taps - 1u));
    uint _e79 = dims.kh;
    uint _e82 = dims.kw;
    metal::uint4 channel = metal::uint4(g * group_c) + naga_div(tap, metal::uint4(_e79 * _e82));
    uint _e90 = dims.kw;
    uint _e95 = dims.kh;
    uint _e100 = dims.dilation_h;
    uint _e105 = dims.padding_h;
    metal::int4 down_by = as_type<metal::int4>(as_type<metal::uint4>(static_cast<metal::int4>(naga_mod(naga_div(tap, metal::uint4(_e90)), metal::uint4(_e95)) * _e100)) - as_type<metal::uint4>(metal::int4(static_cast<int>(_e105))));
    uint _e111 = dims.kw;
    uint _e116 = dims.dilation_w;
    uint _e121 = dims.padding_w;
    metal::int4 right_by = as_type<metal::int4>(as_type<metal::uint4>(static_cast<metal::int4>(naga_mod(tap, metal::uint4(_e111)) * _e116)) - as_type<metal::uint4>(metal::int4(static_cast<int>(_e121))));
    uint _e127 = dims.oh;
    uint _e130 = dims.ow;
    uint plane = _e127 * _e130;
    uint _e134 = dims.n;
    uint pixels = _e134 * plane;
    uint chunk = naga_div((pixels + groups.z) - 1u, groups.z);
    uint last = metal::min((group.z * chunk) + chunk, pixels);
    p = (group.z * chunk) + lane;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e310 = p;
            p = _e310 + LANES;
        }
        loop_init = false;
        uint _e160 = p;
        if (_e160 < last) {
        } else {
            break;
        }
        {
            uint _e162 = p;
            uint image = naga_div(_e162, plane);
            uint _e164 = p;
            uint pixel = naga_mod(_e164, plane);
            uint _e168 = dims.ow;
            uint _e172 = dims.stride_h;
            metal::int4 iy = as_type<metal::int4>(as_type<metal::uint4>(metal::int4(static_cast<int>(naga_div(pixel, _e168) * _e172))) + as_type<metal::uint4>(down_by));
            uint _e179 = dims.ow;
            uint _e183 = dims.stride_w;
            metal::int4 ix = as_type<metal::int4>(as_type<metal::uint4>(metal::int4(static_cast<int>(naga_mod(pixel, _e179) * _e183))) + as_type<metal::uint4>(right_by));
            uint _e193 = dims.h;
            uint _e204 = dims.w;
            metal::bool4 valid = (((iy >= metal::int4(0)) & (iy < metal::int4(static_cast<int>(_e193)))) & (ix >= metal::int4(0))) & (ix < metal::int4(static_cast<int>(_e204)));
            uint _e213 = dims.h;
            metal::uint4 cy = static_cast<metal::uint4>(metal::clamp(iy, metal::int4(0), metal::int4(as_type<int>(as_type<uint>(static_cast<int>(_e213)) - as_type<uint>(1)))));
            uint _e224 = dims.w;
            metal::uint4 cx = static_cast<metal::uint4>(metal::clamp(ix, metal::int4(0), metal::int4(as_type<int>(as_type<uint>(static_cast<int>(_e224)) - as_type<uint>(1)))));
            uint _e233 = dims.c;
            uint _e239 = dims.h;
            uint _e244 = dims.w;
            metal::uint4 at = ((((metal::uint4(image * _e233) + channel) * _e239) + cy) * _e244) + cx;
            float _e251 = x_2[metal::min(unsigned(at.x), (_buffer_sizes.size2 - 0 - 4) / 4)];
            float _e255 = x_2[metal::min(unsigned(at.y), (_buffer_sizes.size2 - 0 - 4) / 4)];
            float _e259 = x_2[metal::min(unsigned(at.z), (_buffer_sizes.size2 - 0 - 4) / 4)];
            float _e263 = x_2[metal::min(unsigned(at.w), (_buffer_sizes.size2 - 0 - 4) / 4)];
            metal::float4 v = metal::select(metal::float4 {}, metal::float4(_e251, _e255, _e259, _e263), valid);
            uint _e268 = dims.o;
            metal::uint4 at_y = ((metal::uint4(image * _e268) + out) * plane) + metal::uint4(pixel);
            float _e278 = dy[metal::min(unsigned(at_y.x), (_buffer_sizes.size1 - 0 - 4) / 4)];
            float _e282 = dy[metal::min(unsigned(at_y.y), (_buffer_sizes.size1 - 0 - 4) / 4)];
            float _e286 = dy[metal::min(unsigned(at_y.z), (_buffer_sizes.size1 - 0 - 4) / 4)];
            float _e290 = dy[metal::min(unsigned(at_y.w), (_buffer_sizes.size1 - 0 - 4) / 4)];
            metal::float4 g_1 = metal::float4(_e278, _e282, _e286, _e290);
            metal::float4 _e292 = s0_;
            s0_ = _e292 + (g_1.x * v);
            metal::float4 _e296 = s1_;
            s1_ = _e296 + (g_1.y * v);
            metal::float4 _e300 = s2_;
            s2_ = _e300 + (g_1.z * v);
            metal::float4 _e304 = s3_;
            s3_ = _e304 + (g_1.w * v);
            metal::float4 _e308 = sums;
            sums = _e308 + g_1;
        }
    }
    metal::float4 _e317 = s0_;
    lines.inner[metal::min(unsigned(lane * LINES), 319u)] = _e317;
    metal::float4 _e324 = s1_;
    lines.inner[metal::min(unsigned((lane * LINES) + 1u), 319u)] = _e324;
    metal::float4 _e331 = s2_;
    lines.inner[metal::min(unsigned((lane * LINES) + 2u), 319u)] = _e331;
    metal::float4 _e338 = s3_;
    lines.inner[metal::min(unsigned((lane * LINES) + 3u), 319u)] = _e338;
    metal::float4 _e345 = sums;
    lines.inner[metal::min(unsigned((lane * LINES) + 4u), 319u)] = _e345;
    uint2 loop_bound_1 = uint2(4294967295u);
    bool loop_init_1 = true;
    while(true) {
        if (metal::all(loop_bound_1 == uint2(0u))) { break; }
        loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
        if (!loop_init_1) {
            uint _e378 = half_;
            half_ = naga_div(_e378, 2u);
        }
        loop_init_1 = false;
        uint _e348 = half_;
        if (_e348 > 0u) {
        } else {
            break;
        }
        {
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            uint _e351 = half_;
            if (lane < _e351) {
                r = 0u;
                uint2 loop_bound_2 = uint2(4294967295u);
                bool loop_init_2 = true;
                while(true) {
                    if (metal::all(loop_bound_2 == uint2(0u))) { break; }
                    loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
                    if (!loop_init_2) {
                        uint _e375 = r;
                        r = _e375 + 1u;
                    }
                    loop_init_2 = false;
                    uint _e355 = r;
                    if (_e355 < LINES) {
                    } else {
                        break;
                    }
                    {
                        uint _e361 = r;
                        metal::float4 _e364 = lines.inner[metal::min(unsigned((lane * LINES) + _e361), 319u)];
                        uint _e366 = half_;
                        uint _e370 = r;
                        metal::float4 _e373 = lines.inner[metal::min(unsigned(((lane + _e366) * LINES) + _e370), 319u)];
                        lines.inner[metal::min(unsigned((lane * LINES) + _e361), 319u)] = _e364 + _e373;
                    }
                }
            }
        }
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    uint row = naga_div(lane, 4u);
    uint col = naga_mod(lane, 4u);
    uint _e386 = weight_words(dims);
    uint part = group.z * _e386;
    if (lane < 16u) {
        local = (first_o + row) < group_o;
    } else {
        local = false;
    }
    bool _e395 = local;
    if (_e395) {
        local_1 = (first_tap + col) < taps;
    } else {
        local_1 = false;
    }
    bool _e401 = local_1;
    if (_e401) {
        float _e414 = lines.inner[metal::min(unsigned(row), 319u)][metal::min(unsigned(col), 3u)];
        dw[metal::min(unsigned(((part + ((((g * group_o) + first_o) + row) * taps)) + first_tap) + col), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e414;
    }
    uint _e417 = dims.sums;
    if (_e417 != 0u) {
        local_2 = first_tap == 0u;
    } else {
        local_2 = false;
    }
    bool _e425 = local_2;
    if (_e425) {
        local_3 = lane < 4u;
    } else {
        local_3 = false;
    }
    bool _e431 = local_3;
    if (_e431) {
        local_4 = (first_o + lane) < group_o;
    } else {
        local_4 = false;
    }
    bool _e437 = local_4;
    if (_e437) {
        uint _e441 = dims.sums;
        float _e451 = lines.inner[4][metal::min(unsigned(lane), 3u)];
        dw[metal::min(unsigned((((part + _e441) + (g * group_o)) + first_o) + lane), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e451;
        return;
    } else {
        return;
    }
}
