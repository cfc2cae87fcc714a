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
typedef float type_5[1];
typedef metal::float4 type_7[1];
struct Pixel {
    uint image;
    int top;
    int left;
};
struct Term {
    uint p;
    uint channel;
    int down;
    int right;
};
struct type_8 {
    float inner[1040];
};
constant uint BIAS = 1u;
constant uint RELU = 2u;
constant uint MASK = 4u;
constant uint TILE_ROWS = 64u;
constant uint TILE_COLS = 64u;

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

void store_word(
    uint channel,
    uint at,
    float sum_1,
    constant Dims& dims,
    device type_5 const& e,
    device type_5& y_1,
    constant _mslBufferSizes& _buffer_sizes
) {
    float v_4 = {};
    v_4 = sum_1;
    uint _e6 = dims.epilogue;
    if ((_e6 & BIAS) != 0u) {
        float _e11 = v_4;
        float _e14 = e[metal::min(unsigned(channel), (_buffer_sizes.size1 - 0 - 4) / 4)];
        v_4 = _e11 + _e14;
    }
    uint _e18 = dims.epilogue;
    if ((_e18 & RELU) != 0u) {
        float _e23 = v_4;
        float _e24 = relu(_e23);
        v_4 = _e24;
    }
    uint _e27 = dims.epilogue;
    if ((_e27 & MASK) != 0u) {
        float _e34 = e[metal::min(unsigned(at), (_buffer_sizes.size1 - 0 - 4) / 4)];
        float _e35 = v_4;
        float _e36 = masked(_e34, _e35);
        v_4 = _e36;
    }
    float _e39 = v_4;
    y_1[metal::min(unsigned(at), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e39;
    return;
}

void store_pixel(
    uint channel_1,
    uint pixel,
    float sum_2,
    constant Dims& dims,
    device type_5 const& e,
    device type_5& y_1,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e5 = dims.oh;
    uint _e8 = dims.ow;
    uint plane = _e5 * _e8;
    uint _e10 = divide(pixel, plane);
    uint _e13 = dims.o;
    store_word(channel_1, (((_e10 * (_e13 - 1u)) + channel_1) * plane) + pixel, sum_2, dims, e, y_1, _buffer_sizes);
    return;
}

uint group_c(
    constant Dims& dims
) {
    uint _e2 = dims.c;
    uint _e5 = dims.groups;
    return naga_div(_e2, _e5);
}

uint height(
    constant Dims& dims
) {
    uint _e2 = dims.o;
    uint _e5 = dims.groups;
    return naga_div(_e2, _e5);
}

uint width(
    constant Dims& dims
) {
    uint _e2 = dims.n;
    uint _e5 = dims.oh;
    uint _e9 = dims.ow;
    return (_e2 * _e5) * _e9;
}

uint batches(
    constant Dims& dims
) {
    uint _e2 = dims.groups;
    return _e2;
}

uint terms(
    constant Dims& dims
) {
    uint _e0 = group_c(dims);
    return _e0 * 4u;
}

uint row_of(
    uint g,
    uint i,
    constant Dims& dims
) {
    uint _e2 = height(dims);
    uint _e4 = height(dims);
    uint _e9 = terms(dims);
    return ((g * _e2) + metal::min(i, _e4 - 1u)) * _e9;
}

uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}

Pixel col_of(
    uint g_1,
    uint j,
    constant Dims& dims
) {
    uint _e2 = width(dims);
    uint pixel_1 = metal::min(j, _e2 - 1u);
    uint _e8 = dims.oh;
    uint _e11 = dims.ow;
    uint _e16 = dims.c;
    uint _e18 = group_c(dims);
    uint _e23 = dims.h;
    uint _e27 = dims.w;
    uint _e31 = dims.ow;
    uint _e35 = dims.oh;
    uint _e39 = dims.stride_h;
    uint _e44 = dims.padding_h;
    uint _e49 = dims.ow;
    uint _e53 = dims.stride_w;
    uint _e58 = dims.padding_w;
    return Pixel {(((naga_div(pixel_1, _e8 * _e11) * _e16) + (g_1 * _e18)) * _e23) * _e27, as_type<int>(as_type<uint>(static_cast<int>(naga_mod(naga_div(pixel_1, _e31), _e35) * _e39)) - as_type<uint>(static_cast<int>(_e44))), as_type<int>(as_type<uint>(static_cast<int>(naga_mod(pixel_1, _e49) * _e53)) - as_type<uint>(static_cast<int>(_e58)))};
}

Term term_of(
    uint p_1,
    constant Dims& dims
) {
    uint tap = naga_mod(p_1, 4u);
    uint _e9 = dims.dilation_h;
    uint _e16 = dims.dilation_w;
    return Term {p_1, naga_div(p_1, 4u), static_cast<int>(naga_div(tap, 2u) * _e9), static_cast<int>(naga_mod(tap, 2u) * _e16)};
}

metal::float4 load_a4_(
    uint g_2,
    uint row,
    Term t,
    uint last,
    device type_7 const& weight,
    constant _mslBufferSizes& _buffer_sizes
) {
    if (t.p >= last) {
        return metal::float4 {};
    }
    metal::float4 _e13 = weight[metal::min(unsigned(naga_div(row + t.p, 4u)), (_buffer_sizes.size4 - 0 - 16) / 16)];
    return _e13;
}

float load_b(
    uint g_3,
    Pixel at_1,
    Term t_1,
    constant Dims& dims,
    device type_5 const& x_3,
    constant _mslBufferSizes& _buffer_sizes
) {
    bool local_2 = {};
    bool local_3 = {};
    bool local_4 = {};
    int iy = as_type<int>(as_type<uint>(at_1.top) + as_type<uint>(t_1.down));
    int ix = as_type<int>(as_type<uint>(at_1.left) + as_type<uint>(t_1.right));
    if (!((iy < 0))) {
        uint _e16 = dims.h;
        local_2 = iy >= static_cast<int>(_e16);
    } else {
        local_2 = true;
    }
    bool _e20 = local_2;
    if (!(_e20)) {
        local_3 = ix < 0;
    } else {
        local_3 = true;
    }
    bool _e27 = local_3;
    if (!(_e27)) {
        uint _e33 = dims.w;
        local_4 = ix >= static_cast<int>(_e33);
    } else {
        local_4 = true;
    }
    bool _e37 = local_4;
    if (_e37) {
        return 0.0;
    }
    uint _e44 = dims.h;
    uint _e50 = dims.w;
    float _e56 = x_3[metal::min(unsigned((at_1.image + (((t_1.channel * _e44) + static_cast<uint>(iy)) * _e50)) + static_cast<uint>(ix)), (_buffer_sizes.size3 - 0 - 4) / 4)];
    return _e56;
}

void store(
    uint g_4,
    uint i_1,
    uint j_1,
    float sum_3,
    uint part,
    uint parts,
    constant Dims& dims,
    device type_5 const& e,
    device type_5& y_1,
    constant _mslBufferSizes& _buffer_sizes
) {
    bool local_5 = {};
    uint _e6 = height(dims);
    if (i_1 < _e6) {
        uint _e10 = width(dims);
        local_5 = j_1 < _e10;
    } else {
        local_5 = false;
    }
    bool _e13 = local_5;
    if (_e13) {
        uint _e14 = height(dims);
        store_pixel((g_4 * _e14) + i_1, j_1, sum_3, dims, e, y_1, _buffer_sizes);
        return;
    } else {
        return;
    }
}

struct main_Input {
};
[[max_total_threads_per_threadgroup(256)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_5 const& e [[buffer(3)]]
, device type_5& y_1 [[buffer(4)]]
, device type_5 const& x_3 [[buffer(1)]]
, device type_7 const& weight [[buffer(2)]]
, threadgroup type_8& tile_a
, threadgroup type_8& tile_b
, constant _mslBufferSizes& _buffer_sizes [[buffer(5)]]
) {
    if (lane == 0u) {
        tile_a = {};
        tile_b = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    metal::float4 c0_0_ = metal::float4 {};
    metal::float4 c1_0_ = metal::float4 {};
    metal::float4 c2_0_ = metal::float4 {};
    metal::float4 c3_0_ = metal::float4 {};
    float sum = 0.0;
    uint p = {};
    float v = {};
    float v_1 = {};
    float v_2 = {};
    float v_3 = {};
    uint d = {};
    uint _e3 = height(dims);
    uint down = naga_div((_e3 + TILE_ROWS) - 1u, TILE_ROWS);
    uint _e10 = width(dims);
    uint sideways = naga_div((_e10 + TILE_COLS) - 1u, TILE_COLS);
    uint _e17 = group_index(group, groups);
    uint g_5 = naga_div(_e17, sideways * down);
    uint _e20 = batches(dims);
    if (g_5 >= _e20) {
        return;
    }
    uint row0_ = naga_mod(naga_div(_e17, sideways), down) * TILE_ROWS;
    uint col0_ = naga_mod(_e17, sideways) * TILE_COLS;
    uint _e29 = terms(dims);
    uint chunk = naga_div(naga_div((_e29 + groups.z) - 1u, groups.z) + 3u, 4u) * 4u;
    uint _e44 = terms(dims);
    uint first = metal::min(group.z * chunk, _e44);
    uint _e47 = terms(dims);
    uint last_1 = metal::min(first + chunk, _e47);
    uint a_at0_ = naga_div(lane, 4u) + 0u;
    uint a_d0_ = naga_mod(lane, 4u) * 4u;
    uint _e58 = row_of(g_5, row0_ + a_at0_, dims);
    uint b_at0_ = naga_mod(lane, 64u) * 1u;
    uint b_d0_ = naga_div(lane, 64u) + 0u;
    Pixel _e68 = col_of(g_5, col0_ + b_at0_, dims);
    uint b_at1_ = naga_mod(lane, 64u) * 1u;
    uint b_d1_ = naga_div(lane, 64u) + 4u;
    Pixel _e78 = col_of(g_5, col0_ + b_at1_, dims);
    uint b_at2_ = naga_mod(lane, 64u) * 1u;
    uint b_d2_ = naga_div(lane, 64u) + 8u;
    Pixel _e88 = col_of(g_5, col0_ + b_at2_, dims);
    uint b_at3_ = naga_mod(lane, 64u) * 1u;
    uint b_d3_ = naga_div(lane, 64u) + 12u;
    Pixel _e98 = col_of(g_5, col0_ + b_at3_, dims);
    uint tx = naga_mod(lane, 16u);
    uint ty = naga_div(lane, 16u) * 4u;
    p = first;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e274 = p;
            p = _e274 + 16u;
        }
        loop_init = false;
        uint _e115 = p;
        if (_e115 < last_1) {
        } else {
            break;
        }
        {
            {
                uint _e117 = p;
                Term _e119 = term_of(_e117 + a_d0_, dims);
                metal::float4 _e120 = load_a4_(g_5, _e58, _e119, last_1, weight, _buffer_sizes);
                tile_a.inner[metal::min(unsigned(((a_d0_ + 0u) * 65u) + a_at0_), 1039u)] = _e120.x;
                tile_a.inner[metal::min(unsigned(((a_d0_ + 1u) * 65u) + a_at0_), 1039u)] = _e120.y;
                tile_a.inner[metal::min(unsigned(((a_d0_ + 2u) * 65u) + a_at0_), 1039u)] = _e120.z;
                tile_a.inner[metal::min(unsigned(((a_d0_ + 3u) * 65u) + a_at0_), 1039u)] = _e120.w;
            }
            {
                uint _e153 = p;
                uint d_1 = _e153 + b_d0_;
                v = 0.0;
                if (d_1 < last_1) {
                    Term _e158 = term_of(d_1, dims);
                    float _e159 = load_b(g_5, _e68, _e158, dims, x_3, _buffer_sizes);
                    v = _e159;
                }
                float _e165 = v;
                tile_b.inner[metal::min(unsigned((b_d0_ * 65u) + b_at0_), 1039u)] = _e165;
            }
            {
                uint _e166 = p;
                uint d_2 = _e166 + b_d1_;
                v_1 = 0.0;
                if (d_2 < last_1) {
                    Term _e171 = term_of(d_2, dims);
                    float _e172 = load_b(g_5, _e78, _e171, dims, x_3, _buffer_sizes);
                    v_1 = _e172;
                }
                float _e178 = v_1;
                tile_b.inner[metal::min(unsigned((b_d1_ * 65u) + b_at1_), 1039u)] = _e178;
            }
            {
                uint _e179 = p;
                uint d_3 = _e179 + b_d2_;
                v_2 = 0.0;
                if (d_3 < last_1) {
                    Term _e184 = term_of(d_3, dims);
                    float _e185 = load_b(g_5, _e88, _e184, dims, x_3, _buffer_sizes);
                    v_2 = _e185;
                }
                float _e191 = v_2;
                tile_b.inner[metal::min(unsigned((b_d2_ * 65u) + b_at2_), 1039u)] = _e191;
            }
            {
                uint _e192 = p;
                uint d_4 = _e192 + b_d3_;
                v_3 = 0.0;
                if (d_4 < last_1) {
                    Term _e197 = term_of(d_4, dims);
                    float _e198 = load_b(g_5, _e98, _e197, dims, x_3, _buffer_sizes);
                    v_3 = _e198;
                }
                float _e204 = v_3;
                tile_b.inner[metal::min(unsigned((b_d3_ * 65u) + b_at3_), 1039u)] = _e204;
            }
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            d = 0u;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e271 = d;
                    d = _e271 + 1u;
                }
                loop_init_1 = false;
                uint _e207 = d;
                if (_e207 < 16u) {
                } else {
                    break;
                }
                {
                    uint _e210 = d;
                    uint at_a = (_e210 * 65u) + ty;
                    uint _e214 = d;
                    uint at_b = (_e214 * 65u) + tx;
                    float _e222 = tile_b.inner[metal::min(unsigned(at_b + 0u), 1039u)];
                    float _e227 = tile_b.inner[metal::min(unsigned(at_b + 16u), 1039u)];
                    float _e232 = tile_b.inner[metal::min(unsigned(at_b + 32u), 1039u)];
                    float _e237 = tile_b.inner[metal::min(unsigned(at_b + 48u), 1039u)];
                    metal::float4 b0_ = metal::float4(_e222, _e227, _e232, _e237);
                    float a0_ = tile_a.inner[metal::min(unsigned(at_a + 0u), 1039u)];
                    metal::float4 _e244 = c0_0_;
                    c0_0_ = _e244 + (a0_ * b0_);
                    float a1_ = tile_a.inner[metal::min(unsigned(at_a + 1u), 1039u)];
                    metal::float4 _e252 = c1_0_;
                    c1_0_ = _e252 + (a1_ * b0_);
                    float a2_ = tile_a.inner[metal::min(unsigned(at_a + 2u), 1039u)];
                    metal::float4 _e260 = c2_0_;
                    c2_0_ = _e260 + (a2_ * b0_);
                    float a3_ = tile_a.inner[metal::min(unsigned(at_a + 3u), 1039u)];
                    metal::float4 _e268 = c3_0_;
                    c3_0_ = _e268 + (a3_ * b0_);
                }
            }
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
        }
    }
    float _e284 = c0_0_.x;
    store(g_5, (row0_ + ty) + 0u, (col0_ + tx) + 0u, _e284, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e294 = c0_0_.y;
    store(g_5, (row0_ + ty) + 0u, (col0_ + tx) + 16u, _e294, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e304 = c0_0_.z;
    store(g_5, (row0_ + ty) + 0u, (col0_ + tx) + 32u, _e304, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e314 = c0_0_.w;
    store(g_5, (row0_ + ty) + 0u, (col0_ + tx) + 48u, _e314, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e324 = c1_0_.x;
    store(g_5, (row0_ + ty) + 1u, (col0_ + tx) + 0u, _e324, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e334 = c1_0_.y;
    store(g_5, (row0_ + ty) + 1u, (col0_ + tx) + 16u, _e334, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e344 = c1_0_.z;
    store(g_5, (row0_ + ty) + 1u, (col0_ + tx) + 32u, _e344, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e354 = c1_0_.w;
    store(g_5, (row0_ + ty) + 1u, (col0_ + tx) + 48u, _e354, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e364 = c2_0_.x;
    store(g_5, (row0_ + ty) + 2u, (col0_ + tx) + 0u, _e364, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e374 = c2_0_.y;
    store(g_5, (row0_ + ty) + 2u, (col0_ + tx) + 16u, _e374, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e384 = c2_0_.z;
    store(g_5, (row0_ + ty) + 2u, (col0_ + tx) + 32u, _e384, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e394 = c2_0_.w;
    store(g_5, (row0_ + ty) + 2u, (col0_ + tx) + 48u, _e394, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e404 = c3_0_.x;
    store(g_5, (row0_ + ty) + 3u, (col0_ + tx) + 0u, _e404, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e414 = c3_0_.y;
    store(g_5, (row0_ + ty) + 3u, (col0_ + tx) + 16u, _e414, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e424 = c3_0_.z;
    store(g_5, (row0_ + ty) + 3u, (col0_ + tx) + 32u, _e424, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    float _e434 = c3_0_.w;
    store(g_5, (row0_ + ty) + 3u, (col0_ + tx) + 48u, _e434, group.z, groups.z, dims, e, y_1, _buffer_sizes);
    return;
}
