using Audit.Formats.Otlp;
using Audit.Formats.Tests.Support;

namespace Audit.Formats.Tests;

public sealed class OtlpDialectTests
{
    [Theory]
    [InlineData("aaaaaaaaaaaaaaaa", "aaaaaaaaaaaaaaaa")]
    [InlineData("bbbbbbbbbbbbbbbb", "aaaaaaaaaaaaaaaa")]
    public void no_call_hides_or_lies_within_itself(string firstWithin, string secondWithin)
    {
        var derived = Derived.Of("otlp", Request(
            $$"""{{SpanOf("aaaaaaaaaaaaaaaa", firstWithin)}},{{SpanOf("bbbbbbbbbbbbbbbb", secondWithin)}}"""));
        Assert.Contains(derived.Records, record => record.Record.ToolCallId == "span:aaaaaaaaaaaaaaaa");
        Assert.All(derived.Records, record => Assert.Null(record.Parent));

        static string SpanOf(string id, string within) =>
            $$$"""{"traceId":"0af7651916cd43dd8448eb211c800003","spanId":"{{{id}}}","parentSpanId":"{{{within}}}","name":"tools/call rm","startTimeUnixNano":"1","endTimeUnixNano":"2","attributes":[{"key":"mcp.method.name","value":{"stringValue":"tools/call"}}]}""";
    }

    [Theory]
    [InlineData("""{"resourceSpans":[5]}""", "resourceSpans: an object is expected, not 5")]
    [InlineData("""{"resourceSpans":[{"scopeSpans":{}}]}""", "resourceSpans.scopeSpans: an array is expected")]
    [InlineData("""{"resourceSpans":[{"scopeSpans":[{"spans":["execute_tool"]}]}]}""", "spans: an object is expected, not \"execute_tool\"")]
    [InlineData("""{"resourceSpans":[{"instrumentationLibrarySpans":[]}]}""", "resourceSpans.instrumentationLibrarySpans: a name of OTLP before its first version; scopeSpans is expected")]
    public void what_could_have_been_a_span_is_not_passed_over(string request, string sentence) =>
        Assert.Equal([sentence], Derived.Of("otlp", request).InvalidLines.Select(line => line.Sentence));

    private static string Request(string spans) => $$"""{"resourceSpans":[{"scopeSpans":[{"spans":[{{spans}}] }]}]}""";

    [Fact]
    public void a_dialect_is_verified_by_a_golden_file_that_says_from_where_its_inputs_are() => Assert.All(
        OtlpDialects.All.Where(dialect => dialect.IsVerified),
        dialect => Assert.Equal(dialect.Upstream, GoldenTests.UpstreamOf($"otlp+{dialect.Name}")));

    [Fact]
    public void every_dialect_has_a_name_of_its_own_and_marks()
    {
        Assert.Equal(OtlpDialects.All.Count, OtlpDialects.All.Select(dialect => dialect.Name).Distinct().Count());
        Assert.All(OtlpDialects.All, dialect => Assert.NotEmpty(dialect.Marks));
    }
}
