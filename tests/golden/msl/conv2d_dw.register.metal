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
struct type_5 {
    float inner[8];
};
constant uint TILE_ROWS = 1u;
constant uint TILE_COLS = 1u;

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


struct main_Input {
};
[[max_total_threads_per_threadgroup(4)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, device type_4 const& dy [[buffer(1)]]
, device type_4 const& x_2 [[buffer(2)]]
, device type_4& dw [[buffer(3)]]
, threadgroup type_5& lines
, constant _mslBufferSizes& _buffer_sizes [[buffer(4)]]
) {
    if (lane == 0u) {
        lines = {};
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    float d0_ = 0.0;
    float c0_0_ = 0.0;
    uint image = {};
    uint u = {};
    uint s = {};
    float sum = {};
    uint l = {};
    bool local = {};
    uint _e5 = dims.c;
    uint _e8 = dims.groups;
    uint group_c = naga_div(_e5, _e8);
    uint _e12 = dims.o;
    uint _e15 = dims.groups;
    uint group_o = naga_div(_e12, _e15);
    uint down = naga_div((group_o + TILE_ROWS) - 1u, TILE_ROWS);
    uint _e23 = group_index(group, groups);
    uint g = naga_div(_e23, group_c * down);
    uint _e28 = dims.groups;
    if (g >= _e28) {
        return;
    }
    uint row0_ = naga_mod(naga_div(_e23, group_c), down) * TILE_ROWS;
    uint channel = naga_mod(_e23, group_c);
    uint _e37 = dims.w;
    uint w = naga_div(_e37, 1u);
    uint _e42 = dims.ow;
    uint out_w = naga_div(_e42, 1u);
    uint _e47 = dims.oh;
    uint units = _e47 * out_w;
    float per_row = 1.0 / static_cast<float>(out_w);
    uint _e54 = dims.n;
    uint chunk = naga_div((_e54 + groups.z) - 1u, groups.z);
    uint _e66 = dims.n;
    uint last = metal::min((group.z * chunk) + chunk, _e66);
    uint my_row0_ = ((g * group_o) + metal::min(row0_ + 0u, group_o - 1u)) * units;
    image = group.z * chunk;
    uint2 loop_bound = uint2(4294967295u);
    bool loop_init = true;
    while(true) {
        if (metal::all(loop_bound == uint2(0u))) { break; }
        loop_bound -= uint2(loop_bound.y == 0u, 1u);
        if (!loop_init) {
            uint _e156 = image;
            image = _e156 + 1u;
        }
        loop_init = false;
        uint _e83 = image;
        if (_e83 < last) {
        } else {
            break;
        }
        {
            uint _e85 = image;
            uint _e88 = dims.o;
            uint image_dy = (_e85 * _e88) * units;
            uint _e91 = image;
            uint _e94 = dims.c;
            uint _e101 = dims.h;
            uint plane = ((((_e91 * _e94) + (g * group_c)) + channel) * _e101) * w;
            u = lane;
            uint2 loop_bound_1 = uint2(4294967295u);
            bool loop_init_1 = true;
            while(true) {
                if (metal::all(loop_bound_1 == uint2(0u))) { break; }
                loop_bound_1 -= uint2(loop_bound_1.y == 0u, 1u);
                if (!loop_init_1) {
                    uint _e153 = u;
                    u = _e153 + 4u;
                }
                loop_init_1 = false;
                uint _e105 = u;
                if (_e105 < units) {
                } else {
                    break;
                }
                {
                    uint _e107 = u;
                    uint oy = naga_f2u32((static_cast<float>(_e107) + 0.5) * per_row);
                    uint _e113 = u;
                    uint ox = _e113 - (oy * out_w);
                    uint at = ((plane + (oy * w)) + ox) - (0u * w);
                    uint _e124 = u;
                    float g0_ = dy[metal::min(unsigned((image_dy + my_row0_) + _e124), (_buffer_sizes.size1 - 0 - 4) / 4)];
                    float _e128 = d0_;
                    d0_ = _e128 + g0_;
                    uint r0_ = at + (0u * w);
                    uint ix0_0_ = (ox + 0u) - 0u;
                    float _e143 = x_2[metal::min(unsigned((r0_ + 0u) - 0u), (_buffer_sizes.size2 - 0 - 4) / 4)];
                    uint _e146 = dims.w;
                    float v0_0_ = (ix0_0_ < _e146) ? _e143 : 0.0;
                    float _e150 = c0_0_;
                    c0_0_ = _e150 + (g0_ * v0_0_);
                }
            }
        }
    }
    float _e163 = c0_0_;
    lines.inner[metal::min(unsigned(0u + lane), 7u)] = _e163;
    float _e168 = d0_;
    lines.inner[metal::min(unsigned(4u + lane), 7u)] = _e168;
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
    uint _e170 = weight_words(dims);
    uint part = group.z * _e170;
    s = lane;
    uint2 loop_bound_2 = uint2(4294967295u);
    bool loop_init_2 = true;
    while(true) {
        if (metal::all(loop_bound_2 == uint2(0u))) { break; }
        loop_bound_2 -= uint2(loop_bound_2.y == 0u, 1u);
        if (!loop_init_2) {
            uint _e236 = s;
            s = _e236 + 4u;
        }
        loop_init_2 = false;
        uint _e173 = s;
        if (_e173 < 2u) {
        } else {
            break;
        }
        {
            sum = 0.0;
            l = 0u;
            uint2 loop_bound_3 = uint2(4294967295u);
            bool loop_init_3 = true;
            while(true) {
                if (metal::all(loop_bound_3 == uint2(0u))) { break; }
                loop_bound_3 -= uint2(loop_bound_3.y == 0u, 1u);
                if (!loop_init_3) {
                    uint _e193 = l;
                    l = _e193 + 1u;
                }
                loop_init_3 = false;
                uint _e180 = l;
                if (_e180 < 4u) {
                } else {
                    break;
                }
                {
                    float _e183 = sum;
                    uint _e185 = s;
                    uint _e188 = l;
                    float _e191 = lines.inner[metal::min(unsigned((_e185 * 4u) + _e188), 7u)];
                    sum = _e183 + _e191;
                }
            }
            uint _e196 = s;
            uint row = row0_ + naga_div(_e196, 2u);
            uint _e200 = s;
            uint tap = naga_mod(_e200, 2u);
            if (row < group_o) {
                uint o = (g * group_o) + row;
                if (tap < 1u) {
                    float _e216 = sum;
                    dw[metal::min(unsigned((part + (((o * group_c) + channel) * 1u)) + tap), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e216;
                } else {
                    uint _e219 = dims.sums;
                    if (_e219 != 0u) {
                        local = channel == 0u;
                    } else {
                        local = false;
                    }
                    bool _e227 = local;
                    if (_e227) {
                        uint _e231 = dims.sums;
                        float _e235 = sum;
                        dw[metal::min(unsigned((part + _e231) + o), (_buffer_sizes.size3 - 0 - 4) / 4)] = _e235;
                    }
                }
            }
        }
    }
    return;
}
