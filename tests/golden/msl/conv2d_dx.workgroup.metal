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
struct Pixel {
    uint image;
    int bottom;
    int right;
};
struct Term {
    uint channel;
    uint tap;
    int up;
    int left;
};
struct type_6 {
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
    device type_5& dx,
    constant _mslBufferSizes& _buffer_sizes
) {
    float v_8 = {};
    v_8 = sum_1;
    uint _e6 = dims.epilogue;
    if ((_e6 & BIAS) != 0u) {
        float _e11 = v_8;
        float _e14 = e[metal::min(unsigned(channel), (_buffer_sizes.size1 - 0 - 4) / 4)];
        v_8 = _e11 + _e14;
    }
    uint _e18 = dims.epilogue;
    if ((_e18 & RELU) != 0u) {
        float _e23 = v_8;
        float _e24 = relu(_e23);
        v_8 = _e24;
    }
    uint _e27 = dims.epilogue;
    if ((_e27 & MASK) != 0u) {
        float _e34 = e[metal::min(unsigned(at), (_buffer_sizes.size1 - 0 - 4) / 4)];
        float _e35 = v_8;
        float _e36 = masked(_e34, _e35);
        v_8 = _e36;
    }
    float _e39 = v_8;
    dx[metal::min(unsigned(at), (_buffer_sizes.size2 - 0 - 4) / 4)] = _e39;
    return;
}

void store_pixel(
    uint channel_1,
    uint pixel,
    float sum_2,
    constant Dims& dims,
    device type_5 const& e,
    device type_5& dx,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e5 = dims.h;
    uint _e8 = dims.w;
    uint plane = _e5 * _e8;
    uint _e10 = divide(pixel, plane);
    uint _e13 = dims.c;
    store_word(channel_1, (((_e10 * (_e13 - 1u)) + channel_1) * plane) + pixel, sum_2, dims, e, dx, _buffer_sizes);
    return;
}

uint group_o(
    constant Dims& dims
) {
    uint _e2 = dims.o;
    uint _e5 = dims.groups;
    return naga_div(_e2, _e5);
}

uint height(
    constant Dims& dims
) {
    uint _e2 = dims.c;
    uint _e5 = dims.groups;
    return naga_div(_e2, _e5);
}

uint width(
    constant Dims& dims
) {
    uint _e2 = dims.n;
    uint _e5 = dims.h;
    uint _e9 = dims.w;
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
    uint _e0 = group_o(dims);
    return _e0 * 1u;
}

uint row_of(
    uint g,
    uint i,
    constant Dims& dims
) {
    uint _e2 = height(dims);
    return metal::min(i, _e2 - 1u);
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
    uint _e8 = dims.h;
    uint _e11 = dims.w;
    uint _e16 = dims.o;
    uint _e18 = group_o(dims);
    uint _e23 = dims.oh;
    uint _e27 = dims.ow;
    uint _e31 = dims.w;
    uint _e35 = dims.h;
    uint _e39 = dims.padding_h;
    uint _e44 = dims.w;
    uint _e48 = dims.padding_w;
    return Pixel {(((naga_div(pixel_1, _e8 * _e11) * _e16) + (g_1 * _e18)) * _e23) * _e27, static_cast<int>(naga_mod(naga_div(pixel_1, _e31), _e35) + _e39), static_cast<int>(naga_mod(pixel_1, _e44) + _e48)};
}

Term term_of(
    uint p_1,
    constant Dims& dims
) {
    uint tap = naga_mod(p_1, 1u);
    uint _e9 = dims.dilation_h;
    uint _e16 = dims.dilation_w;
    return Term {naga_div(p_1, 1u), tap, static_cast<int>(naga_div(tap, 1u) * _e9), static_cast<int>(naga_mod(tap, 1u) * _e16)};
}

float load_a(
    uint g_2,
    uint row,
    Term t,
    constant Dims& dims,
    device type_5 const& weight,
    constant _mslBufferSizes& _buffer_sizes
) {
    uint _e4 = group_o(dims);
    uint _e8 = height(dims);
    float _e16 = weight[metal::min(unsigned((((((g_2 * _e4) + t.channel) * _e8) + row) * 1u) + t.tap), (_buffer_sizes.size4 - 0 - 4) / 4)];
    return _e16;
}

int naga_div(int lhs, int rhs) {
    return lhs / metal::select(rhs, 1, (lhs == (-2147483647 - 1) & rhs == -1) | (rhs == 0));
}

float load_b(
    uint g_3,
    Pixel at_1,
    Term t_1,
    constant Dims& dims,
    device type_5 const& dy_1,
    constant _mslBufferSizes& _buffer_sizes
) {
    bool local_2 = {};
    bool local_3 = {};
    bool local_4 = {};
    int ty = as_type<int>(as_type<uint>(at_1.bottom) - as_type<uint>(t_1.up));
    int tx = as_type<int>(as_type<uint>(at_1.right) - as_type<uint>(t_1.left));
    int oy = naga_div(ty, 1);
    int ox = naga_div(tx, 1);
    if (!((ty < 0))) {
        local_2 = tx < 0;
    } else {
        local_2 = true;
    }
    bool _e21 = local_2;
    if (!(_e21)) {
        uint _e27 = dims.oh;
        local_3 = oy >= static_cast<int>(_e27);
    } else {
        local_3 = true;
    }
    bool _e31 = local_3;
    if (!(_e31)) {
        uint _e37 = dims.ow;
        local_4 = ox >= static_cast<int>(_e37);
    } else {
        local_4 = true;
    }
    bool _e41 = local_4;
    if (_e41) {
        return 0.0;
    }
    uint _e48 = dims.oh;
    uint _e54 = dims.ow;
    float _e60 = dy_1[metal::min(unsigned((at_1.image + (((t_1.channel * _e48) + static_cast<uint>(oy)) * _e54)) + static_cast<uint>(ox)), (_buffer_sizes.size3 - 0 - 4) / 4)];
    return _e60;
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
    device type_5& dx,
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
        store_pixel((g_4 * _e14) + i_1, j_1, sum_3, dims, e, dx, _buffer_sizes);
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
, device type_5& dx [[buffer(4)]]
, device type_5 const& dy_1 [[buffer(1)]]
, device type_5 const& weight [[buffer(2)]]
, threadgroup type_6& tile_a
, threadgroup type_6& tile_b
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
    float v_4 = {};
    float v_5 = {};
    float v_6 = {};
    float v_7 = {};
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
    uint last = metal::min(first + chunk, _e47);
    uint a_at0_ = naga_div(lane, 16u) + 0u;
    uint a_d0_ = naga_mod(lane, 16u) * 1u;
    uint _e58 = row_of(g_5, row0_ + a_at0_, dims);
    uint a_at1_ = naga_div(lane, 16u) + 16u;
    uint a_d1_ = naga_mod(lane, 16u) * 1u;
    uint _e68 = row_of(g_5, row0_ + a_at1_, dims);
    uint a_at2_ = naga_div(lane, 16u) + 32u;
    uint a_d2_ = naga_mod(lane, 16u) * 1u;
    uint _e78 = row_of(g_5, row0_ + a_at2_, dims);
    uint a_at3_ = naga_div(lane, 16u) + 48u;
    uint a_d3_ = naga_mod(lane, 16u) * 1u;
    uint _e88 = row_of(g_5, row0_ + a_at3_, dims);
    uint b_at0_ = naga_mod(lane, 64u) * 1u;
    uint b_d0_ = naga_div(lane, 64u) + 0u;
    Pixel _e98 = col_of(g_5, col0_ + b_at0_, dims);
    uint b_at1_ = naga_mod(lane, 64u) * 1u;
    uint b_d1_ = naga_div(lane, 64u) + 4u;
    Pixel _e108 = col_of(g_5, col0_ + b_at1_, dims);
    uint b_at2_ = naga_mod(lane, 64u) * 1u;
    uint b_d2_ = naga_div(lane, 64u) + 8u;
    Pixel _e118 = col_of(g_5, col0_ + b_at2_, dims);
    uint b_at3_ = naga_mod(lane, 64u) * 1u;
    uint b_d3_ = naga_div(lane, 64u) + 12u;
    Pixel _e128 = col_of(g_5, col0_ + b_at3_, dims);
    uint tx_1 = naga_mod(lane, 16u);
    uint ty_1 = naga_div(lane, 16u) * 4u;
    p = first;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e320 = p;
            p = _e320 + 16u;
        }
        loop_init = false;
        uint _e145 = p;
        if (_e145 < last) {
        } else {
            break;
        }
        {
            {
                uint _e147 = p;
                uint d_1 = _e147 + a_d0_;
                v = 0.0;
                if (d_1 < last) {
                    Term _e152 = term_of(d_1, dims);
                    float _e153 = load_a(g_5, _e58, _e152, dims, weight, _buffer_sizes);
                    v = _e153;
                }
                float _e159 = v;
                tile_a.inner[metal::min(unsigned((a_d0_ * 65u) + a_at0_), 1039u)] = _e159;
            }
            {
                uint _e160 = p;
                uint d_2 = _e160 + a_d1_;
                v_1 = 0.0;
                if (d_2 < last) {
                    Term _e165 = term_of(d_2, dims);
                    float _e166 = load_a(g_5, _e68, _e165, dims, weight, _buffer_sizes);
                    v_1 = _e166;
                }
                float _e172 = v_1;
                tile_a.inner[metal::min(unsigned((a_d1_ * 65u) + a_at1_), 1039u)] = _e172;
            }
            {
                uint _e173 = p;
                uint d_3 = _e173 + a_d2_;
                v_2 = 0.0;
                if (d_3 < last) {
                    Term _e178 = term_of(d_3, dims);
                    float _e179 = load_a(g_5, _e78, _e178, dims, weight, _buffer_sizes);
                    v_2 = _e179;
                }
                float _e185 = v_2;
                tile_a.inner[metal::min(unsigned((a_d2_ * 65u) + a_at2_), 1039u)] = _e185;
            }
            {
                uint _e186 = p;
                uint d_4 = _e186 + a_d3_;
                v_3 = 0.0;
                if (d_4 < last) {
                    Term _e191 = term_of(d_4, dims);
                    float _e192 = load_a(g_5, _e88, _e191, dims, weight, _buffer_sizes);
                    v_3 = _e192;
                }
                float _e198 = v_3;
                tile_a.inner[metal::min(unsigned((a_d3_ * 65u) + a_at3_), 1039u)] = _e198;
            }
            {
                uint _e199 = p;
                uint d_5 = _e199 + b_d0_;
                v_4 = 0.0;
                if (d_5 < last) {
                    Term _e204 = term_of(d_5, dims);
                    float _e205 = load_b(g_5, _e98, _e204, dims, dy_1, _buffer_sizes);
                    v_4 = _e205;
                }
                float _e211 = v_4;
                tile_b.inner[metal::min(unsigned((b_d0_ * 65u) + b_at0_), 1039u)] = _e211;
            }
            {
                uint _e212 = p;
                uint d_6 = _e212 + b_d1_;
                v_5 = 0.0;
                if (d_6 < last) {
                    Term _e217 = term_of(d_6, dims);
                    float _e218 = load_b(g_5, _e108, _e217, dims, dy_1, _buffer_sizes);
                    v_5 = _e218;
                }
                float _e224 = v_5;
                tile_b.inner[metal::min(unsigned((b_d1_ * 65u) + b_at1_), 1039u)] = _e224;
            }
            {
                uint _e225 = p;
                uint d_7 = _e225 + b_d2_;
                v_6 = 0.0;
                if (d_7 < last) {
                    Term _e230 = term_of(d_7, dims);
                    float _e231 = load_b(g_5, _e118, _e230, dims, dy_1, _buffer_sizes);
                    v_6 = _e231;
                }
                float _e237 = v_6;
                tile_b.inner[metal::min(unsigned((b_d2_ * 65u) + b_at2_), 1039u)] = _e237;
            }
            {
                uint _e238 = p;
                uint d_8 = _e238 + b_d3_;
                v_7 = 0.0;
                if (d_8 < last) {
                    Term _e243 = term_of(d_8, dims);
                    float _e244 = load_b(g_5, _e128, _e243, dims, dy_1, _buffer_sizes);
                    v_7 = _e244;
                }
                float _e250 = v_7;
                tile_b.inner[metal::min(unsigned((b_d3_ * 65u) + b_at3_), 1039u)] = _e250;
            }
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
            d = 0u;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e317 = d;
                    d = _e317 + 1u;
                }
                loop_init_1 = false;
                uint _e253 = d;
                if (_e253 < 16u) {
                } else {
                    break;
                }
                {
                    uint _e256 = d;
                    uint at_a = (_e256 * 65u) + ty_1;
                    uint _e260 = d;
                    uint at_b = (_e260 * 65u) + tx_1;
                    float _e268 = tile_b.inner[metal::min(unsigned(at_b + 0u), 1039u)];
                    float _e273 = tile_b.inner[metal::min(unsigned(at_b + 16u), 1039u)];
                    float _e278 = tile_b.inner[metal::min(unsigned(at_b + 32u), 1039u)];
                    float _e283 = tile_b.inner[metal::min(unsigned(at_b + 48u), 1039u)];
                    metal::float4 b0_ = metal::float4(_e268, _e273, _e278, _e283);
                    float a0_ = tile_a.inner[metal::min(unsigned(at_a + 0u), 1039u)];
                    metal::float4 _e290 = c0_0_;
                    c0_0_ = _e290 + (a0_ * b0_);
                    float a1_ = tile_a.inner[metal::min(unsigned(at_a + 1u), 1039u)];
                    metal::float4 _e298 = c1_0_;
                    c1_0_ = _e298 + (a1_ * b0_);
                    float a2_ = tile_a.inner[metal::min(unsigned(at_a + 2u), 1039u)];
                    metal::float4 _e306 = c2_0_;
                    c2_0_ = _e306 + (a2_ * b0_);
                    float a3_ = tile_a.inner[metal::min(unsigned(at_a + 3u), 1039u)];
                    metal::float4 _e314 = c3_0_;
                    c3_0_ = _e314 + (a3_ * b0_);
                }
            }
            metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
        }
    }
    float _e330 = c0_0_.x;
    store(g_5, (row0_ + ty_1) + 0u, (col0_ + tx_1) + 0u, _e330, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e340 = c0_0_.y;
    store(g_5, (row0_ + ty_1) + 0u, (col0_ + tx_1) + 16u, _e340, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e350 = c0_0_.z;
    store(g_5, (row0_ + ty_1) + 0u, (col0_ + tx_1) + 32u, _e350, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e360 = c0_0_.w;
    store(g_5, (row0_ + ty_1) + 0u, (col0_ + tx_1) + 48u, _e360, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e370 = c1_0_.x;
    store(g_5, (row0_ + ty_1) + 1u, (col0_ + tx_1) + 0u, _e370, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e380 = c1_0_.y;
    store(g_5, (row0_ + ty_1) + 1u, (col0_ + tx_1) + 16u, _e380, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e390 = c1_0_.z;
    store(g_5, (row0_ + ty_1) + 1u, (col0_ + tx_1) + 32u, _e390, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e400 = c1_0_.w;
    store(g_5, (row0_ + ty_1) + 1u, (col0_ + tx_1) + 48u, _e400, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e410 = c2_0_.x;
    store(g_5, (row0_ + ty_1) + 2u, (col0_ + tx_1) + 0u, _e410, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e420 = c2_0_.y;
    store(g_5, (row0_ + ty_1) + 2u, (col0_ + tx_1) + 16u, _e420, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e430 = c2_0_.z;
    store(g_5, (row0_ + ty_1) + 2u, (col0_ + tx_1) + 32u, _e430, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e440 = c2_0_.w;
    store(g_5, (row0_ + ty_1) + 2u, (col0_ + tx_1) + 48u, _e440, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e450 = c3_0_.x;
    store(g_5, (row0_ + ty_1) + 3u, (col0_ + tx_1) + 0u, _e450, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e460 = c3_0_.y;
    store(g_5, (row0_ + ty_1) + 3u, (col0_ + tx_1) + 16u, _e460, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e470 = c3_0_.z;
    store(g_5, (row0_ + ty_1) + 3u, (col0_ + tx_1) + 32u, _e470, group.z, groups.z, dims, e, dx, _buffer_sizes);
    float _e480 = c3_0_.w;
    store(g_5, (row0_ + ty_1) + 3u, (col0_ + tx_1) + 48u, _e480, group.z, groups.z, dims, e, dx, _buffer_sizes);
    return;
}
