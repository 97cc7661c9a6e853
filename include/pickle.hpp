// C++17 on top of pickle.h: views of values, ranges, std::optional and std::string_view. Header-only; nothing is allocated,
// nothing is thrown, and views cost what the handles of pickle.h cost.
//
//     pickle::fixed_storage<4096, 256, 65536> memory;
//     pickle::document document;
//     if (document.load(memory, data, size) != PICKLE_STATUS_OK) { ... document.error() ... }
//     for (pickle::value row : document.find("$.rows").value_or(pickle::value()).items()) {
//         double temp = row.get<double>("temp").value_or(0);
//     }
//
// Values, texts and ranges are views: they are good as long as the document, its storage and the data that it was read from.

#ifndef PICKLE_HPP
#define PICKLE_HPP

#include "pickle.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <type_traits>
#include <utility>

namespace pickle {

// Bytes that somebody else holds.
struct bytes_view {
    const std::uint8_t *data = nullptr;
    std::size_t size = 0;

    const std::uint8_t *begin() const { return data; }
    const std::uint8_t *end() const { return data + size; }
};

class value;

// What a loop over items or entries goes over: a copy of an iterator of C, which a copy of the range begins anew.
template <typename Item> class range {
  public:
    class iterator {
      public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Item;
        using difference_type = std::ptrdiff_t;
        using pointer = const Item *;
        using reference = const Item &;

        iterator() = default;
        iterator(const pickle_doc *doc, const pickle_iter &iter) : doc_(doc), iter_(iter), over_(false) { ++*this; }

        reference operator*() const { return item_; }
        pointer operator->() const { return &item_; }
        iterator &operator++() {
            over_ = !next(item_);
            return *this;
        }
        iterator operator++(int) {
            iterator before = *this;
            ++*this;
            return before;
        }
        // Two iterators are equal where both are at the end; there is no other comparison of input iterators.
        friend bool operator==(const iterator &a, const iterator &b) { return a.over_ == b.over_; }
        friend bool operator!=(const iterator &a, const iterator &b) { return !(a == b); }

      private:
        bool next(value &item);
        bool next(std::pair<value, value> &entry);

        const pickle_doc *doc_ = nullptr;
        pickle_iter iter_{};
        Item item_{};
        bool over_ = true;
    };

    range() = default;
    range(const pickle_doc *doc, const pickle_iter &iter) : doc_(doc), iter_(iter) {}

    iterator begin() const { return doc_ ? iterator(doc_, iter_) : iterator(); }
    iterator end() const { return iterator(); }
    std::size_t size() const { return iter_.left; }
    bool empty() const { return iter_.left == 0; }

  private:
    const pickle_doc *doc_ = nullptr;
    pickle_iter iter_{};
};

// A handle to one value. One that was made of nothing is None.
class value {
  public:
    value() = default;
    value(const pickle_doc *doc, pickle_value raw) : doc_(doc), raw_(raw) {}

    // The kind, as the pickle spells it, and what an object is, however it is spelt.
    pickle_kind kind() const { return pickle_value_kind(doc_, raw_); }
    pickle_known known() const { return doc_ ? pickle_value_known(doc_, raw_) : PICKLE_KNOWN_NONE; }
    bool is_none() const { return !doc_ || pickle_value_is_none(doc_, raw_); }

    // As bool, an integer, double, std::string_view or bytes_view; nothing where the value is of another kind or does not
    // fit. Ints are not bools, and not floats.
    template <typename T> std::optional<T> as() const {
        if (!doc_) {
            return std::nullopt;
        }
        if constexpr (std::is_same_v<T, value>) {
            return *this;
        } else if constexpr (std::is_same_v<T, bool>) {
            return fetch<bool>(pickle_value_as_bool);
        } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
            return narrow<T>(fetch<std::int64_t>(pickle_value_as_i64));
        } else if constexpr (std::is_integral_v<T>) {
            return narrow<T>(fetch<std::uint64_t>(pickle_value_as_u64));
        } else if constexpr (std::is_floating_point_v<T>) {
            auto found = fetch<double>(pickle_value_as_f64);
            return found && fits<T>(*found) ? std::optional<T>(static_cast<T>(*found)) : std::nullopt;
        } else if constexpr (std::is_same_v<T, std::string_view>) {
            return text(fetch<pickle_str>(pickle_value_as_str));
        } else if constexpr (std::is_same_v<T, bytes_view>) {
            auto found = fetch<pickle_bytes>(pickle_value_as_bytes);
            return found ? std::optional<T>(bytes_view{found->data, found->size}) : std::nullopt;
        } else if constexpr (std::is_same_v<T, pickle_datetime>) {
            return fetch<pickle_datetime>(pickle_value_as_datetime);
        } else if constexpr (std::is_same_v<T, pickle_timedelta>) {
            return fetch<pickle_timedelta>(pickle_value_as_timedelta);
        } else if constexpr (std::is_same_v<T, pickle_array>) {
            return fetch<pickle_array>(pickle_value_as_array);
        } else {
            static_assert(!sizeof(T), "no pickle holds such a value: ask for bool, an integer, a floating-point number, "
                                      "std::string_view, pickle::bytes_view, or a struct of pickle.h");
        }
    }

    // The text of a Decimal, a Fraction, a member of an enum, a time zone.
    std::optional<std::string_view> known_text() const { return text(fetch<pickle_str>(pickle_value_known_text)); }

    // What is at a key of a dict or an attribute of an object, at an index, at a path such as "$.rows[3].temp".
    template <typename T = value> std::optional<T> get(const char *key) const {
        return to<T>([&](pickle_value *out) { return pickle_value_get(doc_, raw_, key, out); });
    }
    template <typename T = value> std::optional<T> at(std::size_t index) const {
        return to<T>([&](pickle_value *out) { return pickle_value_at(doc_, raw_, index, out); });
    }
    template <typename T = value> std::optional<T> find(const char *path) const {
        return to<T>([&](pickle_value *out) { return pickle_value_find(doc_, raw_, path, out); });
    }

    // Items of any sequence or set, entries of any mapping, attributes of an object; empty where there are none.
    range<value> items() const { return over<value>(pickle_value_known_items); }
    range<std::pair<value, value>> entries() const { return over<std::pair<value, value>>(pickle_value_known_entries); }
    range<std::pair<value, value>> attributes() const {
        return over<std::pair<value, value>>(pickle_value_known_attributes);
    }

    // Module and name of a class or function, or of the class of an object.
    std::optional<std::pair<std::string_view, std::string_view>> class_name() const {
        pickle_value of = raw_;
        pickle_str module, name;
        if (!doc_ || (pickle_value_known_class(doc_, raw_, &of) != PICKLE_STATUS_OK &&
                      pickle_object_callable(doc_, raw_, &of) != PICKLE_STATUS_OK && kind() != PICKLE_KIND_GLOBAL) ||
            pickle_value_as_global(doc_, of, &module, &name) != PICKLE_STATUS_OK) {
            return std::nullopt;
        }
        return std::pair(std::string_view(module.data, module.size), std::string_view(name.data, name.size));
    }

    // The handle of pickle.h.
    pickle_value raw() const { return raw_; }
    const pickle_doc *doc() const { return doc_; }

  private:
    template <typename Out> std::optional<Out> fetch(pickle_status (*get)(const pickle_doc *, pickle_value, Out *)) const {
        Out out{};
        return doc_ && get(doc_, raw_, &out) == PICKLE_STATUS_OK ? std::optional<Out>(out) : std::nullopt;
    }
    template <typename T, typename Wide> static std::optional<T> narrow(std::optional<Wide> found) {
        bool fits = found && static_cast<Wide>(static_cast<T>(*found)) == *found;
        return fits ? std::optional<T>(static_cast<T>(*found)) : std::nullopt;
    }
    // Infinities and NaN fit every type, a finite number those that reach as far.
    template <typename T> static bool fits(double number) {
        double size = number < 0 ? -number : number;
        return !(size <= std::numeric_limits<double>::max()) || size <= std::numeric_limits<T>::max();
    }
    static std::optional<std::string_view> text(std::optional<pickle_str> found) {
        return found ? std::optional<std::string_view>(std::string_view(found->data, found->size)) : std::nullopt;
    }
    template <typename T, typename Get> std::optional<T> to(Get get) const {
        pickle_value out{};
        return doc_ && get(&out) == PICKLE_STATUS_OK ? value(doc_, out).as<T>() : std::nullopt;
    }
    template <typename Item>
    range<Item> over(pickle_status (*begin)(const pickle_doc *, pickle_value, pickle_iter *)) const {
        pickle_iter iter{};
        return doc_ && begin(doc_, raw_, &iter) == PICKLE_STATUS_OK ? range<Item>(doc_, iter) : range<Item>();
    }

    const pickle_doc *doc_ = nullptr;
    pickle_value raw_{};
};

template <typename Item> bool range<Item>::iterator::next(value &item) {
    pickle_value raw{};
    bool found = pickle_iter_next(&iter_, &raw);
    item = found ? value(doc_, raw) : value();
    return found;
}

template <typename Item> bool range<Item>::iterator::next(std::pair<value, value> &entry) {
    pickle_value key{}, of_it{};
    bool found = pickle_iter_next_entry(&iter_, &key, &of_it);
    entry = found ? std::pair(value(doc_, key), value(doc_, of_it)) : std::pair<value, value>();
    return found;
}

// Memory for a document of a size known beforehand: 16 bytes a node and a memo entry.
template <std::size_t Nodes, std::size_t Memo, std::size_t Bytes> class fixed_storage {
  public:
    fixed_storage() = default;
    fixed_storage(const fixed_storage &) = delete;
    fixed_storage &operator=(const fixed_storage &) = delete;

    const pickle_storage *raw() const { return &storage_; }

  private:
    pickle_node nodes_[Nodes];
    pickle_node memo_[Memo];
    std::uint8_t bytes_[Bytes];
    pickle_storage storage_{nodes_, Nodes, memo_, Memo, bytes_, Bytes};
};

// A document that is read in one call. Values refer to it: it is neither copied nor moved.
class document {
  public:
    document() = default;
    document(const document &) = delete;
    document &operator=(const document &) = delete;

    // Reads the pickle that `data` begins with into `memory`, which is a fixed_storage.
    template <typename Storage>
    pickle_status load(const Storage &memory, const void *data, std::size_t size, const pickle_options *options = nullptr) {
        return load(memory.raw(), data, size, options);
    }
    template <typename Storage>
    pickle_status load(const Storage &memory, std::string_view data, const pickle_options *options = nullptr) {
        return load(memory.raw(), data.data(), data.size(), options);
    }
    pickle_status load(const pickle_storage *memory, const void *data, std::size_t size,
                       const pickle_options *options = nullptr) {
        error_ = pickle_error{};
        pickle_status status = pickle_load(memory, data, size, options, &doc_, &error_);
        loaded_ = status == PICKLE_STATUS_OK;
        return status;
    }

    // What was wrong with the pickle that was read last: the status, the opcode, the offset.
    const pickle_error &error() const { return error_; }

    // The outermost value; None before anything was read.
    value root() const { return loaded_ ? value(&doc_, pickle_doc_root(&doc_)) : value(); }

    // What is at a path from the root.
    template <typename T = value> std::optional<T> find(const char *path) const { return root().template find<T>(path); }

    const pickle_doc *raw() const { return loaded_ ? &doc_ : nullptr; }

  private:
    pickle_doc doc_{};
    pickle_error error_{};
    bool loaded_ = false;
};

// An item of a container: what it is to that, its key where it has one, and its value. Good until the next one.
class item {
  public:
    pickle_role role() const { return raw_.role; }
    std::uint64_t index() const { return raw_.index; }
    bool has_key() const { return raw_.has_key; }
    // The key of an entry, the name of an attribute; None for others.
    pickle::value key() const { return raw_.has_key ? pickle::value(&raw_.doc, raw_.key) : pickle::value(); }
    pickle::value value() const { return pickle::value(&raw_.doc, raw_.value); }

  private:
    friend class item_reader;
    pickle_item raw_{};
};

// The items of a container while the pickle is read, in memory that does not grow with it:
//
//     pickle::item_reader reader;
//     reader.begin(memory, &options);                      // a pickle_item_options with the path, or none
//     while (size = read(piece)) {
//         reader.give(piece, size);
//         while ((status = reader.next(item)) == PICKLE_STATUS_ITEM) { ... item.value().get<double>("temp") ... }
//         if (status != PICKLE_STATUS_NEED_MORE) break;
//     }
//
// PICKLE_STATUS_NO_ITEMS: what is at the path can have no items. text() says in words what a status means.
class item_reader {
  public:
    item_reader() = default;
    item_reader(const item_reader &) = delete;
    item_reader &operator=(const item_reader &) = delete;

    template <typename Storage> pickle_status begin(const Storage &memory, const pickle_item_options *options = nullptr) {
        return begin(memory.raw(), options);
    }
    pickle_status begin(const pickle_storage *memory, const pickle_item_options *options = nullptr) {
        in_ = pickle_in{};
        return pickle_item_reader_init(&reader_, memory, options);
    }

    // The next piece of the input, which must stay until next() asks for more.
    void give(const void *data, std::size_t size) {
        in_.data = static_cast<const std::uint8_t *>(data);
        in_.size = size;
        in_.pos = 0;
    }
    void give(std::string_view data) { give(data.data(), data.size()); }

    // As pickle_item_reader_next and pickle_item_reader_finish.
    pickle_status next(item &item) { return pickle_item_reader_next(&reader_, &in_, &item.raw_); }
    pickle_status finish() { return pickle_item_reader_finish(&reader_); }

    // Goes on to the pickle that follows; what is left of the piece belongs to it.
    pickle_status next_pickle() { return pickle_item_reader_next_pickle(&reader_); }

    // Bytes of the piece that were not used.
    std::size_t left() const { return in_.size - in_.pos; }

    // The last error, and what a status means.
    pickle_error error() {
        pickle_error error{};
        return pickle_item_reader_error(&reader_, &error) == PICKLE_STATUS_OK ? error : pickle_error{};
    }
    static std::string_view text(pickle_status status) { return pickle_status_text(status); }

    // Whether the path led to something in this pickle.
    bool path_found() { return pickle_item_reader_path_found(&reader_); }

    // Where the first call stands whose result the pickle drops: what it sets no item shows.
    std::optional<std::uint64_t> dropped_call() {
        std::uint64_t offset = 0;
        bool found = pickle_item_reader_dropped_call(&reader_, &offset) == PICKLE_STATUS_OK;
        return found ? std::optional<std::uint64_t>(offset) : std::nullopt;
    }

    pickle_item_reader *raw() { return &reader_; }

  private:
    pickle_item_reader reader_{};
    pickle_in in_{};
};

} // namespace pickle

#endif
