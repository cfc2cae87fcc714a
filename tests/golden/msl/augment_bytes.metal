// language: metal2.3
#include <metal_stdlib>
#include <simd/simd.h>

using metal::uint;

struct _mslBufferSizes {
    uint size2;
    uint size3;
    uint size4;
    uint size5;
};

struct Group {
    float lr;
    float step_size;
    float momentum;
    float gradient_scale;
    float square_decay;
    float square_scale;
    float correction;
    float eps;
    float weight_decay;
    float trust;
    uint nesterov;
    uint maximize;
    uint first;
    float s_decay;
    uint spare0_;
    uint spare1_;
};
struct type_4 {
    Group inner[8];
};
struct Hyper {
    uint cursor;
    uint slot;
    float clip_norm;
    float clip_value;
    float share;
    uint begin;
    float ema;
    float swa;
    uint picture_key0_;
    uint picture_key1_;
    uint leave_out;
    uint spare0_;
    uint dropout_key0_;
    uint dropout_key1_;
    uint spare1_;
    uint spare2_;
    type_4 groups;
};
struct Dims {
    uint rows;
    uint channels;
    uint h;
    uint w;
    uint padding_h;
    uint padding_w;
    uint flip;
    uint erase;
    uint sizes;
};
typedef uint type_5[1];
typedef float type_6[1];
constant uint LOG_WORDS = 5u;

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

uint pcg(
    uint x_2
) {
    uint state = (x_2 * 747796405u) + 2891336453u;
    uint word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
    return (word >> 22u) ^ word;
}

uint draw(
    uint sample,
    uint purpose,
    constant Hyper& hyper
) {
    uint _e4 = hyper.picture_key0_;
    uint _e6 = pcg(sample + _e4);
    uint _e9 = hyper.picture_key1_;
    uint _e11 = pcg(_e6 ^ _e9);
    uint _e15 = pcg(_e11 + (purpose * 2654435769u));
    return _e15;
}

uint below(
    uint draw_1,
    uint n
) {
    return ((draw_1 >> 16u) * n) >> 16u;
}

bool happens(
    uint draw_2,
    uint probability
) {
    return (draw_2 >> 1u) < probability;
}
uint naga_div(uint lhs, uint rhs) {
    return lhs / metal::select(rhs, 1u, rhs == 0u);
}

uint naga_mod(uint lhs, uint rhs) {
    return lhs % metal::select(rhs, 1u, rhs == 0u);
}


struct main_Input {
};
[[max_total_threads_per_threadgroup(64)]] kernel void main_(
  metal::uint3 group [[threadgroup_position_in_grid]]
, metal::uint3 groups [[threadgroups_per_grid]]
, uint lane [[thread_index_in_threadgroup]]
, constant Dims& dims [[buffer(0)]]
, constant Hyper& hyper [[buffer(1)]]
, device type_5 const& order [[buffer(2)]]
, device type_5 const& data [[buffer(3)]]
, device type_5 const& table [[buffer(4)]]
, device type_6& batch [[buffer(5)]]
, constant _mslBufferSizes& _buffer_sizes [[buffer(6)]]
) {
    uint from_y = {};
    uint from_x = {};
    bool local = {};
    bool local_1 = {};
    bool local_2 = {};
    bool local_3 = {};
    bool inside = {};
    bool local_4 = {};
    bool local_5 = {};
    bool local_6 = {};
    bool local_7 = {};
    uint byte = 0u;
    uint _e3 = group_index(group, groups);
    uint i = (_e3 * 64u) + lane;
    uint _e9 = dims.h;
    uint _e12 = dims.w;
    uint plane = _e9 * _e12;
    uint _e16 = dims.rows;
    uint _e19 = dims.channels;
    if (i >= ((_e16 * _e19) * plane)) {
        return;
    }
    uint _e23 = divide(i, plane);
    uint _e26 = dims.channels;
    uint _e27 = divide(_e23, _e26);
    uint _e30 = dims.channels;
    uint channel = _e23 - (_e27 * _e30);
    uint pixel = i - (_e23 * plane);
    uint _e37 = dims.w;
    uint _e38 = divide(pixel, _e37);
    uint _e41 = dims.w;
    uint x_3 = pixel - (_e38 * _e41);
    uint _e47 = hyper.cursor;
    uint sample_1 = order[metal::min(unsigned(_e47 + _e27), (_buffer_sizes.size2 - 0 - 4) / 4)];
    from_y = _e38;
    from_x = x_3;
    uint _e55 = dims.flip;
    if (_e55 > 0u) {
        uint _e61 = draw(sample_1, 2u, hyper);
        uint _e64 = dims.flip;
        bool _e65 = happens(_e61, _e64);
        local = _e65;
    } else {
        local = false;
    }
    bool _e67 = local;
    if (_e67) {
        uint _e70 = dims.w;
        from_x = (_e70 - 1u) - x_3;
    }
    uint _e76 = dims.padding_h;
    if (_e76 > 0u) {
        uint _e79 = from_y;
        uint _e81 = draw(sample_1, 0u, hyper);
        uint _e85 = dims.padding_h;
        uint _e89 = below(_e81, (2u * _e85) + 1u);
        from_y = _e79 + _e89;
    }
    uint _e93 = dims.padding_w;
    if (_e93 > 0u) {
        uint _e96 = from_x;
        uint _e98 = draw(sample_1, 1u, hyper);
        uint _e102 = dims.padding_w;
        uint _e106 = below(_e98, (2u * _e102) + 1u);
        from_x = _e96 + _e106;
    }
    uint _e108 = from_y;
    uint _e111 = dims.padding_h;
    if (_e108 >= _e111) {
        uint _e115 = from_y;
        uint _e118 = dims.padding_h;
        uint _e121 = dims.h;
        local_1 = _e115 < (_e118 + _e121);
    } else {
        local_1 = false;
    }
    bool _e125 = local_1;
    if (_e125) {
        uint _e128 = from_x;
        uint _e131 = dims.padding_w;
        local_2 = _e128 >= _e131;
    } else {
        local_2 = false;
    }
    bool _e134 = local_2;
    if (_e134) {
        uint _e137 = from_x;
        uint _e140 = dims.padding_w;
        uint _e143 = dims.w;
        local_3 = _e137 < (_e140 + _e143);
    } else {
        local_3 = false;
    }
    bool _e147 = local_3;
    inside = _e147;
    uint _e151 = dims.erase;
    if (_e151 > 0u) {
        uint _e157 = draw(sample_1, 3u, hyper);
        uint _e160 = dims.erase;
        bool _e161 = happens(_e157, _e160);
        local_4 = _e161;
    } else {
        local_4 = false;
    }
    bool _e163 = local_4;
    if (_e163) {
        uint _e167 = dims.channels;
        uint _e171 = draw(sample_1, 4u, hyper);
        uint _e174 = dims.sizes;
        uint _e175 = below(_e171, _e174);
        uint size = table[metal::min(unsigned((_e167 * 256u) + _e175), (_buffer_sizes.size4 - 0 - 4) / 4)];
        uint eh = size >> 16u;
        uint ew = size & 65535u;
        uint _e184 = draw(sample_1, 5u, hyper);
        uint _e187 = dims.h;
        uint _e191 = below(_e184, (_e187 - eh) + 1u);
        uint _e193 = draw(sample_1, 6u, hyper);
        uint _e196 = dims.w;
        uint _e200 = below(_e193, (_e196 - ew) + 1u);
        if (_e38 >= _e191) {
            local_5 = _e38 < (_e191 + eh);
        } else {
            local_5 = false;
        }
        bool _e207 = local_5;
        if (_e207) {
            local_6 = x_3 >= _e200;
        } else {
            local_6 = false;
        }
        bool _e212 = local_6;
        if (_e212) {
            local_7 = x_3 < (_e200 + ew);
        } else {
            local_7 = false;
        }
        bool _e218 = local_7;
        if (_e218) {
            inside = false;
        }
    }
    bool _e222 = inside;
    if (_e222) {
        uint _e223 = from_y;
        uint _e226 = dims.padding_h;
        uint _e230 = dims.w;
        uint _e232 = from_x;
        uint _e236 = dims.padding_w;
        uint word_1 = (((_e223 - _e226) * _e230) + _e232) - _e236;
        uint _e240 = dims.channels;
        uint at = (((sample_1 * _e240) + channel) * plane) + word_1;
        uint _e249 = data[metal::min(unsigned(naga_div(at, 4u)), (_buffer_sizes.size3 - 0 - 4) / 4)];
        byte = (_e249 >> (8u * naga_mod(at, 4u))) & 255u;
    }
    uint _e262 = byte;
    uint _e265 = table[metal::min(unsigned((channel * 256u) + _e262), (_buffer_sizes.size4 - 0 - 4) / 4)];
    batch[metal::min(unsigned(i), (_buffer_sizes.size5 - 0 - 4) / 4)] = as_type<float>(_e265);
    return;
}
