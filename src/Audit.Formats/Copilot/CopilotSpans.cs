using System.Text.Json.Nodes;
using Audit.Formats.Otlp;

namespace Audit.Formats.Copilot;

/// <summary>
/// Lines of the file into which Copilot writes its own telemetry: a span as OpenTelemetry for JavaScript holds it, with
/// its resource beside it. Each is read as a request for export that has nothing else.
/// </summary>
internal sealed class CopilotSpans(string? session)
{
    private readonly OtlpReader requests = new(new OtlpSteps(new OtlpMemory(), ""), session, OtlpSignal.Traces);

    public static bool Reads(JsonElement happened) =>
        happened.Text("type") is "span" or "metric" or "log" && happened.ObjectMember("data") is null;

    public void Read(JsonElement happened, long number, IFormatSink sink)
    {
        var type = happened.RequireText("type");
        if (type != "span")
        {
            sink.Ignored(type);
            return;
        }

        var scope = happened.ObjectMember("instrumentationScope") ?? happened.ObjectMember("scope");
        var request = ListOf("resourceSpans", new JsonObject
        {
            ["resource"] = AttributesOf(happened.ObjectMember("resource")),
            ["scopeSpans"] = new JsonArray
            {
                new JsonObject
                {
                    ["scope"] = new JsonObject { ["name"] = scope?.Text("name") },
                    ["spans"] = new JsonArray { SpanOf(happened) },
                },
            },
        });
        requests.Read(JsonSerializer.SerializeToElement(request), number, sink);
    }

    private static JsonObject ListOf(string name, JsonObject only) => new() { [name] = new JsonArray { only } };

    private static JsonObject SpanOf(JsonElement happened)
    {
        var span = AttributesOf(happened);
        foreach (var name in new[] { "traceId", "spanId", "parentSpanId", "name", "status" })
        {
            span[name] = happened.Member(name) is { } value ? JsonNode.Parse(value.Raw()) : null;
        }

        span["startTimeUnixNano"] = NanosOf(happened, "startTime");
        span["endTimeUnixNano"] = NanosOf(happened, "endTime");
        return span;
    }

    /// <summary>A time is two numbers, the seconds and the nanoseconds within.</summary>
    private static string? NanosOf(JsonElement happened, string name)
    {
        if (happened.Member(name) is not { } time)
        {
            return null;
        }

        return time.ValueKind == JsonValueKind.Array && time.GetArrayLength() == 2
            && time[0].TryGetInt64(out var seconds) && time[1].TryGetInt64(out var nanos)
            && seconds is >= 0 and < 253_402_300_800 && nanos is >= 0 and < 1_000_000_000
            ? string.Create(CultureInfo.InvariantCulture, $"{seconds}{nanos:000000000}")
            : throw new UnreadableException(name, "seconds and nanoseconds since 1970 are expected");
    }

    private static JsonObject AttributesOf(JsonElement? holder)
    {
        var list = new JsonArray();
        if (holder?.ObjectMember("attributes") is { } attributes)
        {
            foreach (var attribute in attributes.EnumerateObject())
            {
                list.Add(new JsonObject { ["key"] = attribute.Name, ["value"] = ValueOf(attribute.Value) });
            }
        }

        return new JsonObject { ["attributes"] = list };
    }

    private static JsonObject ValueOf(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => new JsonObject { ["stringValue"] = value.GetString() },
        JsonValueKind.True or JsonValueKind.False => new JsonObject { ["boolValue"] = value.GetBoolean() },
        JsonValueKind.Number when value.TryGetInt64(out var whole) =>
            new JsonObject { ["intValue"] = whole.ToString(CultureInfo.InvariantCulture) },
        JsonValueKind.Number => new JsonObject { ["doubleValue"] = value.GetDouble() },
        JsonValueKind.Array => new JsonObject
        {
            ["arrayValue"] = new JsonObject
            {
                ["values"] = new JsonArray([.. value.EnumerateArray().Select(one => (JsonNode)ValueOf(one))]),
            },
        },
        _ => new JsonObject { ["stringValue"] = value.Raw() },
    };
}
