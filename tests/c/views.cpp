// The C++ layer: views, ranges and optionals, without exceptions and without RTTI.
#include "pickle.hpp"

#include <algorithm>
#include <cstdio>
#include <limits>

static int failures;
#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            std::printf("%s:%d: %s\n", __FILE__, __LINE__, #condition);                                                \
            failures++;                                                                                                \
        }                                                                                                              \
    } while (0)

static pickle::fixed_storage<4096, 256, 65536> memory;

template <std::size_t N> static std::string_view pickled(const char (&literal)[N]) { return {literal, N - 1}; }

static void plain() {
    // {"id": 300, "temp": 21.5, "name": "caf\xc3\xa9", "raw": b"\0\1", "rows": [1, 2, 3], "ok": True, "neg": -1, "no": None}
    pickle::document document;
    CHECK(document.root().is_none() && !document.find("$.id") && document.root().items().empty());
    auto data = pickled("\200\3}(X\2\0\0\0idM\54\1X\4\0\0\0tempG@5\200\0\0\0\0\0X\4\0\0\0nameX\5\0\0\0caf\303\251X\3\0\0\0raw"
                        "C\2\0\1X\4\0\0\0rows](K\1K\2K\3eX\2\0\0\0ok\210X\3\0\0\0negJ\377\377\377\377X\2\0\0\0noNu.");
    CHECK(document.load(memory, data) == PICKLE_STATUS_OK);
    pickle::value root = document.root();
    CHECK(root.kind() == PICKLE_KIND_DICT && root.entries().size() == 8);
    CHECK(root.get<int>("id") == 300 && root.get<std::int64_t>("id") == 300 && root.get<std::uint16_t>("id") == 300);
    CHECK(!root.get<std::uint8_t>("id") && !root.get<double>("id") && !root.get<bool>("id"));
    CHECK(root.get<signed char>("neg") == -1 && !root.get<unsigned>("neg"));
    CHECK(root.get<double>("temp") == 21.5 && root.get<float>("temp") == 21.5f);
    CHECK(root.get<std::string_view>("name") == "caf\303\251");
    CHECK(root.get<bool>("ok") == true && root.get("no")->is_none() && !root.get("nothing"));
    auto raw = root.get<pickle::bytes_view>("raw");
    CHECK(raw && raw->size == 2 && std::distance(raw->begin(), raw->end()) == 2 && raw->data[1] == 1);
    int sum = 0;
    for (pickle::value row : document.find("$.rows").value_or(pickle::value()).items()) {
        sum += row.as<int>().value_or(100);
    }
    CHECK(sum == 6 && document.find<int>("$.rows[-1]") == 3 && root.get("rows")->at<int>(1) == 2 && !root.get("rows")->at(3));
    auto entries = root.entries();
    auto found = std::find_if(entries.begin(), entries.end(),
                              [](const auto &entry) { return entry.first.template as<std::string_view>() == "ok"; });
    CHECK(found != entries.end() && found->second.as<bool>() == true);
}

// 1e300, the largest float, minus infinity and NaN: a number that a float does not reach is none.
static void floats() {
    pickle::document document;
    CHECK(document.load(memory, pickled("](G\176\67\344\74\210\0\165\234G\107\357\377\377\340\0\0\0G\377\360\0\0\0\0\0\0"
                                        "G\177\370\0\0\0\0\0\0e.")) == PICKLE_STATUS_OK);
    pickle::value root = document.root();
    CHECK(root.at<double>(0) == 1e300 && root.at<long double>(0) == static_cast<long double>(1e300) && !root.at<float>(0));
    CHECK(root.at<float>(1) == std::numeric_limits<float>::max());
    CHECK(root.at<float>(2) == -std::numeric_limits<float>::infinity());
    auto nan = root.at<float>(3);
    CHECK(nan && *nan != *nan);
}

static void spelled() {
    // set([1, 2]) of protocol 2, OrderedDict(a=1), m.C with x = 5, datetime.date(2024, 2, 29)
    pickle::document document;
    CHECK(document.load(memory, pickled("\200\2c__builtin__\nset\n](K\1K\2e\205R.")) == PICKLE_STATUS_OK);
    CHECK(document.root().known() == PICKLE_KNOWN_SET && document.root().items().size() == 2);
    CHECK(document.load(memory, pickled("\200\2ccollections\nOrderedDict\n)RX\1\0\0\0aK\1s.")) == PICKLE_STATUS_OK);
    for (const auto &[key, of_it] : document.root().entries()) {
        CHECK(key.as<std::string_view>() == "a" && of_it.as<int>() == 1);
    }
    CHECK(document.root().entries().size() == 1 && document.find<int>("$.a") == 1);
    CHECK(document.load(memory, pickled("\200\2cm\nC\n)\201}X\1\0\0\0xK\5sb.")) == PICKLE_STATUS_OK);
    auto name = document.root().class_name();
    CHECK(name && name->first == "m" && name->second == "C" && document.root().attributes().size() == 1);
    CHECK(document.find<int>("$.x") == 5 && document.root().get<int>("x") == 5);
    CHECK(document.load(memory, pickled("\200\3cdatetime\ndate\nC\4\7\350\2\35\205R.")) == PICKLE_STATUS_OK);
    auto date = document.root().as<pickle_datetime>();
    CHECK(date && date->year == 2024 && date->month == 2 && date->day == 29);
    CHECK(document.load(memory, pickled("cdecimal\nDecimal\n(V1.50\ntR.")) == PICKLE_STATUS_OK);
    CHECK(document.root().known_text() == "1.50");
}

static void wrong() {
    pickle::document document;
    CHECK(document.load(memory, pickled("\200\2]K\1")) == PICKLE_STATUS_END_OF_INPUT && document.error().offset == 5);
    CHECK(document.root().is_none() && document.raw() == nullptr);
    pickle::fixed_storage<2, 1, 1> small;
    CHECK(document.load(small, pickled("(K\1K\2K\3K\4t.")) == PICKLE_STATUS_NODES_FULL);
    CHECK(document.load(memory, nullptr, 0) == PICKLE_STATUS_EMPTY && document.load(memory, pickled("")) == PICKLE_STATUS_EMPTY);
    CHECK(!pickle::value().as<int>() && !pickle::value().get("x") && pickle::value().known() == PICKLE_KNOWN_NONE);
    CHECK(!pickle::value().class_name() && pickle::value().entries().begin() == pickle::value().entries().end());
}

// A dict in pieces of every size, what can have no items, and what has none.
static void items() {
    static const std::string_view log = pickled("\200\2}(X\1\0\0\0aK\1X\1\0\0\0bX\1\0\0\0tu.");
    for (std::size_t step = 1; step <= log.size(); step++) {
        pickle::item_reader reader;
        pickle::item item;
        pickle_status status = PICKLE_STATUS_NEED_MORE;
        int count = 0;
        CHECK(reader.begin(memory) == PICKLE_STATUS_OK);
        for (std::size_t at = 0; at < log.size() && status == PICKLE_STATUS_NEED_MORE; at += step) {
            reader.give(log.substr(at, step));
            while ((status = reader.next(item)) == PICKLE_STATUS_ITEM) {
                CHECK(item.role() == PICKLE_ROLE_ENTRY && item.has_key() && item.index() == static_cast<std::uint64_t>(count));
                CHECK(item.key().as<std::string_view>() == (count ? "b" : "a"));
                CHECK(count ? item.value().as<std::string_view>() == "t" : item.value().as<int>() == 1);
                count++;
            }
        }
        CHECK(count == 2 && status == PICKLE_STATUS_OK && reader.finish() == PICKLE_STATUS_OK && reader.left() == 0);
        CHECK(reader.path_found() && !reader.dropped_call());
    }
    pickle::item_reader reader;
    pickle::item item;
    pickle_item_options options{};
    options.path = "$.a";
    CHECK(reader.begin(memory, &options) == PICKLE_STATUS_OK);
    reader.give(log);
    CHECK(reader.next(item) == PICKLE_STATUS_NO_ITEMS && reader.error().status == PICKLE_STATUS_NO_ITEMS);
    CHECK(reader.error().offset == log.size());
    CHECK(reader.text(PICKLE_STATUS_NO_ITEMS) == "what is at the path is no container and has no items");
    CHECK(reader.next_pickle() == PICKLE_STATUS_OK);
    reader.give(pickled("}X\1\0\0\0a]s."));
    CHECK(reader.next(item) == PICKLE_STATUS_OK && reader.finish() == PICKLE_STATUS_OK && reader.path_found());
    CHECK(reader.begin(memory) == PICKLE_STATUS_OK);
    reader.give(pickled("]q\0cbuiltins\nsetattr\nh\0K\1\206R0."));
    CHECK(reader.next(item) == PICKLE_STATUS_OK && reader.dropped_call() == 27);
    CHECK(!pickle::item().has_key() && pickle::item().key().is_none());
}

int main() {
    plain();
    floats();
    spelled();
    wrong();
    items();
    std::printf("C++: %d failures\n", failures);
    return failures != 0;
}
