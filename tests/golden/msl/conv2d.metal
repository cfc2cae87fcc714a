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
typedef float type_4[1];
constant uint BIAS = 1u;
constant uint RELU = 2u;
constant uint MASK = 4u;
constant uint TILE_ROWS = 4u;
constant uint TILE_COLS = 256u;

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

void store_word(
    uint channel,
    uint at,
    float sum,
    constant Dims& dims,
    device type_4 const& e,
    device type_4& y_1,
    constant _mslBufferSizes& _buffer_sizes
) {
    float v = {};
    v = sum;
    uint _e6 = dims.epilogue;
    if ((_e6 & BIAS) != 0u) {
        float _e11 = v;
        float _e14 = e[metal::min(unsigned(channel), (_buffer_sizes.size1 - 0 - 4) / 4)];
        v = _e11 + _e14;
    }
    uint _e18 = dims.epilogue;
    if ((_e18 & RELU) != 0u) {
        float _e23 = v;
        float _e24 = relu(_e23);
        v = _e24;
    }
    uint _e27 = dims.epilogue;
    if ((_e27 & MASK) != 0u) {
        float _e34 = e[metal::min(unsigned(at), (_buffer_sizes.size1 - 0 - 4) / 4)];
        float _e35 = v;
        float _e36 = masked(_e34, _e35);
        v = _e36;
    }
    float _e39 = v;
    y_1[metal::min(unsigned(at), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e39;
    return;
}

void store_pixel(
    uint channel_1,
    uint pixel,
    float sum_1,
    constant Dims& dims,
    device type_4 const& e,
    device type_4& y_1,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e5 = dims.oh;
    uint _e8 = dims.ow;
    uint plane = _e5 * _e8;
    uint _e10 = divide(pixel, plane);
    uint _e13 = dims.o;
    store_word(channel_1, (((_e10 * (_e13 - 1u)) + channel_1) * plane) + pixel, sum_1, dims, e, y_1, _buffer_sizes);
    return;
}

void store4_(
    uint o,
    metal::uint4 pixel_1,
    uint pixels,
    metal::float4 sum_2,
    constant Dims& dims,
    device type_4 const& e,
    device type_4& y_1,
    constant _mslBufferSizes& _buffer_sizes
) {
    if (pixel_1.x < pixels) {
        store_pixel(o, pixel_1.x, sum_2.x, dims, e, y_1, _buffer_sizes);
    }
    if (pixel_1.y < pixels) {
        store_pixel(o, pixel_1.y, sum_2.y, dims, e, y_1, _buffer_sizes);
    }
    if (pixel_1.z < pixels) {
        store_pixel(o, pixel_1.z, sum_2.z, dims, e, y_1, _buffer_sizes);
    }
    if (pixel_1.w < pixels) {
        store_pixel(o, pixel_1.w, sum_2.w, dims, e, y_1, _buffer_sizes);
        return;
    } else {
        return;
    }
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
, device type_4 const& e [[buffer(3)]]
, device type_4& y_1 [[buffer(4)]]
, device type_4 const& x_3 [[buffer(1)]]
, device type_4 const& weight [[buffer(2)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    metal::uint4 at_weight = {};
    metal::float4 y0_ = metal::float4 {};
    metal::float4 y1_ = metal::float4 {};
    metal::float4 y2_ = metal::float4 {};
    metal::float4 y3_ = metal::float4 {};
    uint c = 0u;
    uint ky = {};
    uint kx = {};
    uint _e5 = dims.c;
    uint _e8 = dims.groups;
    uint group_c = naga_div(_e5, _e8);
    uint _e12 = dims.o;
    uint _e15 = dims.groups;
    uint group_o = naga_div(_e12, _e15);
    uint _e19 = dims.n;
    uint _e22 = dims.oh;
    uint _e26 = dims.ow;
    uint pixels_1 = (_e19 * _e22) * _e26;
    uint across = naga_div((pixels_1 + TILE_COLS) - 1u, TILE_COLS);
    uint down = naga_div((group_o + TILE_ROWS) - 1u, TILE_ROWS);
    uint _e40 = group_index(group, groups);
    uint g = naga_div(_e40, across * down);
    uint _e45 = dims.groups;
    if (g >= _e45) {
        return;
    }
    uint first = naga_mod(naga_div(_e40, across), down) * TILE_ROWS;
    metal::uint4 pixel_2 = metal::uint4((naga_mod(_e40, across) * TILE_COLS) + lane) + metal::uint4(0u, 64u, 128u, 192u);
    metal::uint4 inside = metal::min(pixel_2, metal::uint4(pixels_1 - 1u));
    uint _e68 = dims.oh;
    uint _e71 = dims.ow;
    metal::uint4 image = naga_div(inside, metal::uint4(_e68 * _e71));
    uint _e77 = dims.ow;
    uint _e82 = dims.oh;
    uint _e87 = dims.stride_h;
    uint _e92 = dims.padding_h;
    metal::int4 top = as_type<metal::int4>(as_type<metal::uint4>(static_cast<metal::int4>(naga_mod(naga_div(inside, metal::uint4(_e77)), metal::uint4(_e82)) * _e87)) - as_type<metal::uint4>(metal::int4(static_cast<int>(_e92))));
    uint _e98 = dims.ow;
    uint _e103 = dims.stride_w;
    uint _e108 = dims.padding_w;
    metal::int4 left = as_type<metal::int4>(as_type<metal::uint4>(static_cast<metal::int4>(naga_mod(inside, metal::uint4(_e98)) * _e103)) - as_type<metal::uint4>(metal::int4(static_cast<int>(_e108))));
    uint _e114 = dims.kh;
    uint _e118 = dims.kw;
    uint taps = (group_c * _e114) * _e118;
    metal::uint4 out = metal::uint4(g * group_o) + metal::min(metal::uint4(first) + metal::uint4(0u, 1u, 2u, 3u), metal::uint4(group_o - 1u));
    at_weight = out * taps;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e306 = c;
            c = _e306 + 1u;
        }
        loop_init = false;
        uint _e146 = c;
        if (_e146 < group_c) {
        } else {
            break;
        }
        {
            uint _e150 = dims.c;
            uint _e155 = c;
            uint _e160 = dims.h;
            uint _e164 = dims.w;
            metal::uint4 channel_2 = ((((image * _e150) + metal::uint4(g * group_c)) + metal::uint4(_e155)) * _e160) * _e164;
            ky = 0u;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e303 = ky;
                    ky = _e303 + 1u;
                }
                loop_init_1 = false;
                uint _e168 = ky;
                uint _e171 = dims.kh;
                if (_e168 < _e171) {
                } else {
                    break;
                }
                {
                    uint _e173 = ky;
                    uint _e176 = dims.dilation_h;
                    metal::int4 iy = as_type<metal::int4>(as_type<metal::uint4>(top) + as_type<metal::uint4>(metal::int4(static_cast<int>(_e173 * _e176))));
                    uint _e185 = dims.h;
                    uint _e194 = dims.w;
                    metal::uint4 row = channel_2 + (static_cast<metal::uint4>(metal::clamp(iy, metal::int4(0), metal::int4(as_type<int>(as_type<uint>(static_cast<int>(_e185)) - as_type<uint>(1))))) * _e194);
                    uint _e202 = dims.h;
                    metal::bool4 in_y = (iy >= metal::int4(0)) & (iy < metal::int4(static_cast<int>(_e202)));
                    kx = 0u;
                    uint2 loop_bound_2 = uint2(4294967295u);
                    bool loop_init_2 = true;
                    while(true) {
                        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
                        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
                        if (!loop_init_2) {
                            uint _e300 = kx;
                            kx = _e300 + 1u;
                        }
                        loop_init_2 = false;
                        uint _e209 = kx;
                        uint _e212 = dims.kw;
                        if (_e209 < _e212) {
                        } else {
                            break;
                        }
                        {
                            uint _e214 = kx;
                            uint _e217 = dims.dilation_w;
                            metal::int4 ix = as_type<metal::int4>(as_type<metal::uint4>(left) + as_type<metal::uint4>(metal::int4(static_cast<int>(_e214 * _e217))));
                            uint _e226 = dims.w;
                            metal::uint4 at_1 = row + static_cast<metal::uint4>(metal::clamp(ix, metal::int4(0), metal::int4(as_type<int>(as_type<uint>(static_cast<int>(_e226)) - as_type<uint>(1)))));
                            uint _e240 = dims.w;
                            metal::bool4 valid = (in_y & (ix >= metal::int4(0))) & (ix < metal::int4(static_cast<int>(_e240)));
                            float _e249 = x_3[metal::min(unsigned(at_1.x), (_buffer_sizes.size3 - 0 - 4) / 4)];
                            float _e253 = x_3[metal::min(unsigned(at_1.y), (_buffer_sizes.size3 - 0 - 4) / 4)];
                            float _e257 = x_3[metal::min(unsigned(at_1.z), (_buffer_sizes.size3 - 0 - 4) / 4)];
                            float _e261 = x_3[metal::min(unsigned(at_1.w), (_buffer_sizes.size3 - 0 - 4) / 4)];
                            metal::float4 v_1 = metal::select(metal::float4 {}, metal::float4(_e249, _e253, _e257, _e261), valid);
                            metal::float4 _e264 = y0_;
                            uint _e267 = at_weight.x;
                            float _e269 = weight[metal::min(unsigned(_e267), (_buffer_sizes.size4 - 0 - 4) / 4)];
                            y0_ = _e264 + (_e269 * v_1);
                            metal::float4 _e272 = y1_;
                            uint _e275 = at_weight.y;
                            float _e277 = weight[metal::min(unsigned(_e275), (_buffer_sizes.size4 - 0 - 4) / 4)];
                            y1_ = _e272 + (_e277 * v_1);
                            metal::float4 _e280 = y2_;
                            uint _e283 = at_weight.z;
                            float _e285 = weight[metal::min(unsigned(_e283), (_buffer_sizes.size4 - 0 - 4) / 4)];
                            y2_ = _e280 + (_e285 * v_1);
                            metal::float4 _e288 = y3_;
                            uint _e291 = at_weight.w;
                            float _e293 = weight[metal::min(unsigned(_e291), (_buffer_sizes.size4 - 0 - 4) / 4)];
                            y3_ = _e288 + (_e293 * v_1);
                            metal::uint4 _e296 = at_weight;
                            at_weight = _e296 + metal::uint4(1u);
                        }
                    }
                }
            }
        }
    }
    metal::float4 _e310 = y0_;
    store4_(out.x, pixel_2, pixels_1, _e310, dims, e, y_1, _buffer_sizes);
    if ((first + 1u) < group_o) {
        metal::float4 _e315 = y1_;
        store4_(out.y, pixel_2, pixels_1, _e315, dims, e, y_1, _buffer_sizes);
    }
    if ((first + 2u) < group_o) {
        metal::float4 _e320 = y2_;
        store4_(out.z, pixel_2, pixels_1, _e320, dims, e, y_1, _buffer_sizes);
    }
    if ((first + 3u) < group_o) {
        metal::float4 _e325 = y3_;
        store4_(out.w, pixel_2, pixels_1, _e325, dims, e, y_1, _buffer_sizes);
        return;
    } else {
        return;
    }
}
