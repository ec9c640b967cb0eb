using System.Text;
using System.Text.Json;

namespace Audit.Lifecycle.Tests.Json;

public sealed class StrictJsonReaderTests
{
    [Theory]
    [InlineData("null")]
    [InlineData("[1,-2.5e300,1e999,true,false,null,\"\",{}]")]
    [InlineData("""{"":1," ":2,"a":{"a":{"a":[{"a":1},{"a":2}]}},"A":3}""")]
    [InlineData("""{"\u0061":1,"b":"\ud83d\ude00 \\ud800 \"\/\b\f\n\r\t"}""")]
    public void strict_json_is_read_to_its_end(string json) => Assert.Null(Refusal(json));

    [Theory]
    [InlineData("", "byte 0: not JSON: ")]
    [InlineData("yesterday", "byte 0: not JSON: ")]
    [InlineData("{\"a\":1", "a: not JSON: ")]
    [InlineData("{\"a\":1}}", "byte 7: not JSON: ")]
    [InlineData("{\"a\":1} {\"b\":2}", "byte 8: not JSON: ")]
    [InlineData("{\"a\":1,}", "a: not JSON: ")]
    [InlineData("{'a':1}", "byte 1: not JSON: ")]
    [InlineData("{\"a\":{\"b\":[1,tru]}}", "a.b[0]: not JSON: ")]
    [InlineData("{\"a\":/* one */1}", "a: not JSON: ")]
    [InlineData("{\"a\":NaN}", "a: not JSON: ")]
    [InlineData("{\"a\":01}", "a: not JSON: ")]
    [InlineData("\"a\tb\"", "byte 0: not JSON: ")]
    public void what_is_not_json_is_refused_with_its_place(string json, string beginning) =>
        Assert.StartsWith(beginning, Refusal(json));

    [Fact]
    public void a_refusal_does_not_speak_of_the_lines_of_a_frame_that_nobody_sees() =>
        Assert.DoesNotContain("LineNumber", Refusal("{\"a\":tru"));

    [Theory]
    [InlineData(new byte[] { 0x22, 0x61, 0xFF, 0x22 }, 2)]
    [InlineData(new byte[] { 0x22, 0xC3, 0xA9, 0xC3, 0x22 }, 3)]
    [InlineData(new byte[] { 0x22, 0xED, 0xA0, 0x80, 0x22 }, 1)]
    [InlineData(new byte[] { 0x22, 0xC0, 0xAF, 0x22 }, 1)]
    [InlineData(new byte[] { 0x22, 0xF5, 0x80, 0x80, 0x80, 0x22 }, 1)]
    [InlineData(new byte[] { 0x22, 0x61, 0x22, 0xE2, 0x82 }, 3)]
    public void invalid_utf8_is_refused_with_its_byte(byte[] json, int place) =>
        Assert.Equal($"not UTF-8 at byte {place}", Refusal(json));

    [Theory]
    [InlineData("""{"a":"\ud83d"}""", "a")]
    [InlineData("""{"a":"\ude00"}""", "a")]
    [InlineData("""{"a":"\ude00\ud83d"}""", "a")]
    [InlineData("""{"a":"\ud83d\ud83d\ude00"}""", "a")]
    [InlineData("""{"a":"\ud83dx\ude00"}""", "a")]
    [InlineData("""{"a":"\\\ud83d"}""", "a")]
    [InlineData("""{"a":["b","\uDBFF\u0041"]}""", "a[1]")]
    [InlineData("""{"a":{"\ud83d":1}}""", "a.\\ud83d")]
    public void half_of_a_surrogate_pair_is_refused_in_values_and_in_keys(string json, string place) =>
        Assert.Equal($"{place}: half of a surrogate pair is not a character", Refusal(json));

    [Theory]
    [InlineData("""{"a":1,"a":2}""", "a", "a")]
    [InlineData("""{"a":1,"\u0061":2}""", "a", "a")]
    [InlineData("""{"\u0061":1,"a":2}""", "a", "a")]
    [InlineData("""{"\u0061":1,"\u0061":2}""", "a", "a")]
    [InlineData("""{"é":1,"\u00e9":2}""", "é", "é")]
    [InlineData("""{"😀":1,"\ud83d\uDE00":2}""", "😀", "😀")]
    [InlineData("""{"":1,"":2}""", "", "")]
    [InlineData("""{"x":[{"y":{"a":1,"b":{"a":1},"a":3}}]}""", "x[0].y.a", "a")]
    [InlineData("""{"x":{"a":1},"y":{"a":1},"x":1}""", "x", "x")]
    public void a_key_that_stands_twice_in_an_object_is_refused(string json, string place, string key)
    {
        var sentence = $"the key \"{key}\" stands twice in one object";
        Assert.EndsWith(sentence, Refusal(json));
        Assert.StartsWith(place, Refusal(json));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(32)]
    [InlineData(33)]
    [InlineData(34)]
    [InlineData(300)]
    [InlineData(1500)]
    public void a_key_that_stands_twice_among_many_is_refused(int count)
    {
        var members = Enumerable.Range(0, count).Select(index => $"\"key-{index}\":{{\"key-0\":{index}}}").ToArray();
        var fine = "{" + string.Join(',', members) + "}";

        Assert.Null(Refusal(fine));
        Assert.Null(Refusal($"[{fine},{fine}]"));
        Assert.Contains("\"key-0\" stands twice", Refusal(fine[..^1] + ",\"key-0\":1}"));
        Assert.Contains("stands twice", Refusal(fine[..^1] + $",\"key\\u002d{count - 1}\":1}}"));
    }

    [Fact]
    public void many_keys_within_many_keys_do_not_mix()
    {
        var inner = "{" + string.Join(',', Enumerable.Range(0, 100).Select(index => $"\"k{index}\":1")) + "}";
        var outer = "{" + string.Join(',', Enumerable.Range(0, 100).Select(index => $"\"k{index}\":{inner}")) + "}";

        Assert.Null(Refusal(outer));
        Assert.Contains("\"k99\" stands twice", Refusal(outer[..^1] + ",\"k99\":1}"));
    }

    [Fact]
    public void a_second_reader_on_the_thread_does_not_disturb_one_that_has_just_begun()
    {
        var json = Encoding.UTF8.GetBytes("{" + string.Join(',', Enumerable.Range(0, 100).Select(index => $"\"k{index}\":1")) + "}");
        var first = new StrictJsonReader(json);
        first.Read();
        var second = new StrictJsonReader(json);
        while (second.Read())
        {
        }

        while (first.Read())
        {
        }

        Assert.Equal(JsonTokenType.EndObject, first.TokenType);
    }

    [Theory]
    [InlineData('[', ']')]
    [InlineData('{', '}')]
    public void a_depth_of_sixty_four_is_fine_and_sixty_five_is_not(char open, char close)
    {
        Assert.Null(Refusal(Nested(64)));
        Assert.EndsWith("nested deeper than 64", Refusal(Nested(65)));
        Assert.EndsWith("nested deeper than 64", Refusal(Nested(66)));
        Assert.EndsWith("nested deeper than 64", Refusal(Nested(10_000)));

        string Nested(int depth) => string.Concat(
            string.Concat(Enumerable.Repeat(open == '{' ? "{\"a\":" : "[", depth - 1)),
            open, close,
            string.Concat(Enumerable.Repeat(close, depth - 1)));
    }

    [Fact]
    public void the_length_without_whitespace_is_what_is_left_when_it_is_removed() => Law.Holds(JsonTexts.Any, text =>
    {
        var spaced = Encoding.UTF8.GetBytes(text.Spaced);
        var compact = new byte[spaced.Length];
        var json = new StrictJsonReader(spaced);
        while (json.Read())
        {
        }

        var length = CompactJson.Write(spaced, compact);
        Assert.Equal(text.Compact, Encoding.UTF8.GetString(compact, 0, length));
        Assert.Equal(length, json.CompactLength);
    });

    [Fact]
    public void a_value_is_skipped_with_all_that_is_in_it()
    {
        var json = new StrictJsonReader("""{"a":[1,{"b":[2]}],"c":3}"""u8);
        json.Read();
        json.Read();
        json.Read();
        json.Skip();
        Assert.Equal(JsonTokenType.EndArray, json.TokenType);
        json.Read();
        Assert.True(json.IsProperty("c"u8));
    }

    [Theory]
    [InlineData("""{"a":[{"kind":"x"}],"kind":"found","b":1}""", "found")]
    [InlineData("""{"k\u0069nd":"f\u006fund"}""", "found")]
    [InlineData("""{"a":{"kind":"x"}}""", null)]
    [InlineData("""{"kind":5}""", null)]
    [InlineData("""{"a":1,"kind""", null)]
    [InlineData("""{"kind":"\ud800"}""", null)]
    public void a_look_ahead_finds_a_member_and_moves_nothing(string text, string? expected)
    {
        var json = new StrictJsonReader(Encoding.UTF8.GetBytes(text));
        json.Read();

        Assert.Equal(expected, json.PeekString("kind"u8));
        Assert.Equal(JsonTokenType.StartObject, json.TokenType);
    }

    private static string? Refusal(string json) => Refusal(Encoding.UTF8.GetBytes(json));

    private static string? Refusal(byte[] text)
    {
        try
        {
            var json = new StrictJsonReader(text);
            while (json.Read())
            {
            }

            return null;
        }
        catch (UnreadableException exception)
        {
            return exception.Message;
        }
    }
}
