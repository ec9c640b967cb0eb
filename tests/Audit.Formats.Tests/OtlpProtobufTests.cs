using System.Text;
using Audit.Formats.Otlp;
using Audit.Formats.Tests.Support;
using Audit.Lifecycle.Json;
using static Audit.Formats.Tests.Support.Protobuf;

namespace Audit.Formats.Tests;

/// <summary>OTLP in protobuf is read as the same in JSON, and what is damaged is a sentence and nothing else.</summary>
public sealed class OtlpProtobufTests
{
    private const string Trace = "5b8efff798038103d269b633813fc60c";
    private const string Id = "eee19b7ec3c1b101";

    private static readonly byte[] Whole = Request(Span(Trace, Id, "execute_tool rm",
        Attribute(9, "gen_ai.tool.call.arguments", Bytes(6, Bytes(1, Text(1, "n"), Bytes(2, Number(3, 3))),
            Bytes(1, Text(1, "paths"), Bytes(2, Bytes(5, Bytes(1, Text(1, "a")), Bytes(1, Fixed(4, 0x3FF8000000000000))))))),
        Attribute(9, "far", Number(3, ulong.MaxValue)), Attribute(9, "yes", Number(2, 1)), Attribute(9, "raw", Bytes(7, [1, 2])),
        Attribute(9, "nan", Fixed(4, BitConverter.DoubleToUInt64Bits(double.NaN))), Number(6, 3), Bytes(11, Fixed(1, 5)),
        Bytes(15, Text(2, "took too long"), Number(3, 2))));

    [Fact]
    public void a_request_is_written_as_its_json() => Assert.Equal(
        """{"resourceSpans":[{"scopeSpans":[{"scope":{"name":"agent"},"spans":[{"traceId":"5b8efff798038103d269b633813fc60c","spanId":"eee19b7ec3c1b101","name":"execute_tool rm","startTimeUnixNano":"1767225600000000001","endTimeUnixNano":"1767225601123456789","attributes":[{"key":"gen_ai.tool.call.arguments","value":{"kvlistValue":{"values":[{"key":"n","value":{"intValue":"3"}},{"key":"paths","value":{"arrayValue":{"values":[{"stringValue":"a"},{"doubleValue":1.5}]}}}]}}},{"key":"far","value":{"intValue":"-1"}},{"key":"yes","value":{"boolValue":true}},{"key":"raw","value":{"bytesValue":"AQI="}},{"key":"nan","value":{"doubleValue":"NaN"}}],"status":{"message":"took too long","code":2}}]}]}]}""",
        Json(Whole));

    [Fact]
    public void a_log_record_is_written_as_its_json() => Assert.Equal(
        """{"resourceLogs":[{"scopeLogs":[{"scope":{"name":"agent"},"logRecords":[{"timeUnixNano":"7","observedTimeUnixNano":"8","body":{"stringValue":"claude_code.tool_result"},"attributes":[{"key":"success","value":{"stringValue":"true"}}],"eventName":"x"}]}]}]}""",
        Json(Request(Bytes(2, Fixed(1, 7), Number(2, 9), Bytes(5, Text(1, "claude_code.tool_result")), Attribute(6, "success", Text(1, "true")),
            Fixed(11, 8), Text(12, "x"))), OtlpSignal.Logs));

    [Fact]
    public void nothing_is_a_request_of_nothing() => Assert.Equal("{}", Json([]));

    [Fact]
    public void text_that_is_not_utf_8_keeps_no_call_from_the_book() =>
        Assert.Contains("\"name\":\"rm \uFFFD\"", Json(Request(Bytes(2, Bytes(5, "rm "u8.ToArray(), [0xFF])))));

    [Fact]
    public void what_is_damaged_is_said_with_its_place()
    {
        Assert.Contains("before byte", Refusal([0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0x01]));
        Assert.Contains("more than 64 bits", Refusal([.. Enumerable.Repeat((byte)0xFF, 40)]));
        Assert.Contains("a field of 127 bytes, of which 1 are there", Refusal([0x0A, 0x7F, 0x00]));
        Assert.Contains("wire type 3", Refusal([0x0B, 0x0C]));
        Assert.Contains("no field", Refusal([0x02, 0x00]));
        Assert.Contains("request.resourceSpans: of wire type 0", Refusal(Number(1, 7)));
    }

    [Fact]
    public void a_damaged_span_is_left_out_alone()
    {
        var (refused, good) = (new List<string>(), Span(Trace, Id, "execute_tool y"));
        var json = OtlpProtobuf.ToJson(
            Request(Bytes(2, Text(5, "a"), Text(5, "b")), good, Bytes(2, Number(1, 7)), Bytes(2, Fixed(1, 7)), Bytes(2, [0x2A, 0x7F])),
            OtlpSignal.Traces, refused);
        Assert.Equal(Json(Request(good)), Encoding.UTF8.GetString(json.Span));
        Assert.Equal(
            ["span.name: stands twice", "span.traceId: of wire type 0; this field has wire type 2", "span.traceId: of wire type 1; this field has wire type 2"],
            refused[..3]);
        Assert.Contains("a field of 127 bytes, of which 0 are there", refused[3]);
    }

    [Fact]
    public void a_request_of_nothing_but_damage_is_refused() => Assert.Contains(
        "more than 10000", Refusal(Request([.. Enumerable.Repeat(Bytes(2, Number(1, 7)), 10_001)])));

    [Fact]
    public void what_lies_too_deep_stays_bytes_and_keeps_no_neighbour_from_the_book()
    {
        var deep = Text(1, "x");
        for (var depth = 0; depth < 600; depth++)
        {
            deep = Bytes(5, Bytes(1, deep));
        }

        var derived = new Derived();
        new FormatReaders().OpenOtlp(OtlpSignal.Traces, "s", null).Read(
            OtlpProtobuf.ToJson(
                Request(Span(Trace, "eee19b7ec3c1b102", "execute_tool x", Attribute(9, "gen_ai.tool.call.arguments", deep)), Span(Trace, Id, "execute_tool y")),
                OtlpSignal.Traces, []).Span,
            1, derived);
        Assert.Equal(["x", "x", "y", "y"], derived.Records.Select(record => record.Record.ToolName));
        Assert.Contains("[\"Kv0aCvoa", derived.Records[0].Record.RequestedInput!.Value.GetRawText());
    }

    [Fact]
    public void a_cut_request_is_refused_or_is_a_shorter_one()
    {
        for (var length = 0; length < Whole.Length; length++)
        {
            Read(Whole[..length]);
        }
    }

    [Fact]
    public void a_damaged_request_never_throws_anything_else()
    {
        var random = new Random(7);
        for (var round = 0; round < 4_000; round++)
        {
            var damaged = Whole.ToArray();
            for (var times = random.Next(1, 6); times > 0; times--)
            {
                damaged[random.Next(damaged.Length)] = (byte)random.Next(256);
            }

            Read(damaged);
        }
    }

    /// <summary>What is not refused is JSON that can be read as a request.</summary>
    private static void Read(byte[] request)
    {
        foreach (var signal in new[] { OtlpSignal.Traces, OtlpSignal.Logs })
        {
            try
            {
                new FormatReaders().OpenOtlp(signal, "s", null).Read(OtlpProtobuf.ToJson(request, signal, []).Span, 1, new Derived());
            }
            catch (UnreadableException unreadable)
            {
                Assert.NotEmpty(unreadable.Message);
            }
        }
    }

    private static string Json(byte[] request, OtlpSignal signal = OtlpSignal.Traces) =>
        Encoding.UTF8.GetString(OtlpProtobuf.ToJson(request, signal, []).Span);

    private static string Refusal(byte[] request) =>
        Assert.ThrowsAny<Exception>(() => OtlpProtobuf.ToJson(request, OtlpSignal.Traces, [])).Message;
}
