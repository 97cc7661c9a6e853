package org.libpickle;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.lang.reflect.Constructor;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** What Kotlin's users have must be at hand in Java, by names that Java can say. */
class JavaTest {
    private static byte[] ascii(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    @Test
    void readsAndWrites() {
        PickleValue value = Pickle.loads(ascii("}X\u0001\0\0\0a](K\u0001Nes."));
        assertTrue(value instanceof PickleDict);
        PickleDict dict = (PickleDict) value;
        assertEquals(1, dict.getSize());
        PickleList list = (PickleList) dict.get("a");
        assertEquals(1L, ((PickleInt) list.getItems().get(0)).getValue());
        assertEquals(PickleNone.INSTANCE, list.getItems().get(1));
        assertNull(dict.get("b"));
        Object plain = PickleConversions.toKotlin(value);
        List<Object> items = new ArrayList<>();
        items.add(1L);
        items.add(null);
        assertEquals(Map.of("a", items), plain);
        byte[] again = Pickle.dumps(PickleConversions.toPickle(plain));
        assertEquals(plain, PickleConversions.toKotlin(Pickle.loads(ByteBuffer.wrap(again))));
        assertEquals(2, Pickle.dumps(PickleList.of(new PickleInt(1), new PickleStr("x")), 2)[1]);
    }

    @Test
    void optionsChangeOneByOne() {
        ReadOptions options = new ReadOptions().withMaxDepth(2).withEncoding(Encoding.LATIN1).withMaxOpcodes(100L);
        assertEquals("\u00e9", ((PickleStr) Pickle.loads(ascii("U\u0001\u00e9."), options)).getValue());
        PickleException error = assertThrows(PickleException.class, () -> Pickle.loads(ascii("]]]aa."), options));
        assertEquals(ErrorKind.DEPTH_LIMIT, error.getKind());
        assertNull(options.getMaxBytes());
        assertEquals(1000, ReadOptions.DEFAULT.getMaxDepth());
    }

    @Test
    void itemsOfFilesAndStreams() throws IOException {
        byte[] pickle = ascii("](K\u0001K\u0002e.");
        Path file = Files.createTempFile("java", ".pkl");
        Files.write(file, pickle);
        try (FileItems items = new FileItems(file)) {
            assertEquals(1L, ((PickleInt) items.next().getValue()).getValue());
        }
        try (PickleItems items = PickleStreams.items(file)) {
            Iterator<PickleItem> iterator = items.iterator();
            assertEquals(PickleItem.Role.ITEM, iterator.next().getRole());
        }
        try (Stream<PickleItem> items = PickleStreams.items(file).stream()) {
            assertEquals(List.of(1L, 2L), items.map(item -> PickleConversions.toKotlin(item.getValue())).collect(Collectors.toList()));
        }
        PickleItems unread = PickleStreams.items(file);
        unread.stream().close();
        assertThrows(IllegalStateException.class, unread::iterator);
        Files.delete(file);
        assertThrows(IOException.class, () -> Pickle.load(file));
        assertThrows(IOException.class, () -> new FileItems(file));
        Iterator<PickleItem> stream = PickleStreams.items(new ByteArrayInputStream(pickle), "$").iterator();
        stream.next();
        assertNull(stream.next().getKey());
        try (Unpickler unpickler = new Unpickler()) {
            assertEquals(pickle.length, unpickler.feed(pickle));
            assertTrue(unpickler.getDone());
        }
        try (ItemReader reader = new ItemReader("$.rows")) {
            List<PickleItem> found = new ArrayList<>();
            assertEquals(ErrorKind.PATH_MISSING,
                assertThrows(PickleException.class, () -> reader.feed(pickle, 0, pickle.length, found)).getKind());
        }
        try (ItemReader reader = new ItemReader("$.a")) {
            byte[] scalar = ascii("(dVa\nI5\ns.");
            assertEquals(ErrorKind.PATH_MISSING,
                assertThrows(PickleException.class, () -> reader.feed(scalar, 0, scalar.length, new ArrayList<>())).getKind());
        }
        assertTrue(Pickles.pickles(new ByteArrayInputStream(pickle)).iterator().hasNext());
        assertEquals(0L, Pickle.info(pickle).getUnnamedCalls());
    }

    /** No public name is mangled, and none shows what is generated or internal. */
    @Test
    void namesAreThoseOfJava() {
        List<Class<?>> classes = List.of(
            Pickle.class, Pickles.class, PickleStreams.class, PickleConversions.class, ReadOptions.class, PickleInfo.class,
            GlobalUse.class, PickleItem.class, ItemReader.class, FileItems.class, Unpickler.class, PickleException.class,
            PickleObject.class, PickleKnown.class);
        for (Class<?> type : classes) {
            for (Method method : type.getDeclaredMethods()) {
                if (!Modifier.isPublic(method.getModifiers()) || method.isSynthetic()) continue;
                if (method.getName().endsWith("$libpickle")) continue; // internal to Kotlin, and hidden from its users
                assertTrue(method.getName().matches("[A-Za-z0-9]+"), type + " " + method.getName());
                for (Class<?> parameter : method.getParameterTypes()) {
                    assertTrue(!parameter.getName().startsWith("com.sun.jna"), type + " " + method);
                }
            }
            for (Constructor<?> made : type.getConstructors()) {
                assertTrue(made.isSynthetic() || made.getParameterCount() < 6 || type == PickleInfo.class, made.toString());
            }
        }
    }
}
