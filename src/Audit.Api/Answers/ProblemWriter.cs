using System.Buffers;
using System.Globalization;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Audit.Api.Answers;

internal static class ProblemWriter
{
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task WriteProblemAsync(this HttpContext context, Problem problem)
    {
        var response = context.Response;
        response.StatusCode = problem.Status;
        response.ContentType = "application/problem+json";
        if (problem.RetryAfter is { } seconds)
        {
            response.Headers.RetryAfter = seconds.ToString(CultureInfo.InvariantCulture);
        }

        var body = Encode(problem);
        response.ContentLength = body.WrittenCount;
        await response.Body.WriteAsync(body.WrittenMemory, context.RequestAborted);
    }

    private static ArrayBufferWriter<byte> Encode(Problem problem)
    {
        var body = new ArrayBufferWriter<byte>(512);
        using var json = new Utf8JsonWriter(body, Options);
        json.WriteStartObject();
        json.WriteString("type"u8, "urn:audit-actors:problem:" + problem.Kind);
        json.WriteString("title"u8, problem.Title);
        json.WriteNumber("status"u8, problem.Status);
        json.WriteString("detail"u8, problem.Detail);
        if (problem.Place is var (offset, length))
        {
            json.WriteNumber("offset"u8, offset);
            json.WriteNumber("length"u8, length);
        }

        json.WriteEndObject();
        return body;
    }
}
