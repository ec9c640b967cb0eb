using System.Text.Json;
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

    /// <summary>What a tool printed may be cut within a character, or be nested absurdly; that is no fault of its neighbours.</summary>
    [Theory]
    [InlineData("\"stringValue\":\"half \\ud83d\"", "half of a surrogate pair is not a character")]
    [InlineData("\"stringValue\":\"a\",\"stringValue\":\"b\"", "stands twice")]
    [InlineData("DEEP", "nested deeper than 58")]
    public void what_cannot_be_read_of_a_span_costs_that_span_alone(string value, string sentence)
    {
        var deep = string.Concat(Enumerable.Repeat("""{"arrayValue":{"values":[""", 2_000)) + string.Concat(Enumerable.Repeat("]}}", 2_000));
        value = value.Replace("DEEP", $"\"arrayValue\":{{\"values\":[{deep}]}}");
        string SpanOf(string id, string more) =>
            $$$"""{"traceId":"0af7651916cd43dd8448eb211c800003","spanId":"{{{id}}}","name":"execute_tool x","endTimeUnixNano":"2","attributes":[{"key":"gen_ai.tool.call.result","value":{ {{{more}}} }}]}""";
        var (bad, good) = (SpanOf("aaaaaaaaaaaaaaaa", value), SpanOf("bbbbbbbbbbbbbbbb", "\"stringValue\":\"done\""));

        foreach (var spans in new[] { $"{bad},{good}", $"{good} , {bad}", $"{bad},\t{good},{bad}", $"{bad},{bad},{good}" })
        {
            var derived = Derived.Of("otlp", Request(spans));
            Assert.Equal(["otlp:span:bbbbbbbbbbbbbbbb:requested", "otlp:span:bbbbbbbbbbbbbbbb:completed"], derived.MessageIds);
            Assert.Equal(spans.Split("aaaaaaaaaaaaaaaa").Length - 1, derived.InvalidLines.Count);
            Assert.All(derived.InvalidLines, one => Assert.Contains(sentence, one.Sentence));
            Assert.Equal(derived.MessageIds, Derived.Of(FormatReaders.Auto, Request(spans)).MessageIds);
        }

        Assert.Contains("spans[1]: attributes[0].value", Derived.Of("otlp", Request($"{good},{bad}")).InvalidLines[0].Sentence);
        Assert.Empty(Derived.Of("otlp", Request(bad)).Records);
    }

    /// <summary>Whoever updates an observation of Langfuse sets its level, and no status of the span.</summary>
    [Fact]
    public void what_failed_by_its_level_failed()
    {
        static JsonElement ResultOf(string level) => Derived.Of("otlp", Request(
            $$$"""{"traceId":"0af7651916cd43dd8448eb211c800003","spanId":"bbbbbbbbbbbbbbbb","name":"search","endTimeUnixNano":"2","attributes":[{"key":"langfuse.observation.type","value":{"stringValue":"tool"}},{"key":"langfuse.observation.level","value":{"stringValue":"{{{level}}}"}},{"key":"langfuse.observation.status_message","value":{"stringValue":"no route"}}]}"""))
            .OutcomeOf("otlp:span:bbbbbbbbbbbbbbbb:completed").GetProperty("result");
        Assert.Equal((false, "no route"), (ResultOf("ERROR").GetProperty("success").GetBoolean(), ResultOf("ERROR").GetProperty("output").GetString()));
        Assert.True(ResultOf("WARNING").GetProperty("success").GetBoolean());
    }

    [Fact]
    public void what_is_wrong_around_the_spans_is_wrong_with_all()
    {
        const string Good = """{"traceId":"0af7651916cd43dd8448eb211c800003","spanId":"bbbbbbbbbbbbbbbb","name":"execute_tool x"}""";
        var derived = Derived.Of("otlp", Request(Good).Replace("\"scopeSpans\"", "\"schemaUrl\":\"\\ud83d\",\"scopeSpans\""));
        Assert.Contains("half of a surrogate pair", Assert.Single(derived.InvalidLines).Sentence);
        Assert.Empty(derived.Records);
        Assert.Single(Derived.Of("otlp", Request(Good)[..^3]).InvalidLines);
    }

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
