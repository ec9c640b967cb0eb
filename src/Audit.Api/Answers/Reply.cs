using System.Text.Encodings.Web;
using System.Text.Json.Serialization.Metadata;

namespace Audit.Api.Answers;

/// <summary>What endpoints answer with; <see cref="Problem"/> is the other thing they may.</summary>
internal static class Reply
{
    public static readonly JsonWriterOptions Options = new()
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        SkipValidation = true,
    };

    /// <summary>For an endpoint that has written its answer itself, as streams do.</summary>
    public static IResult Sent { get; } = new SentReply();

    /// <summary>A record of the wire.</summary>
    public static IResult Json<T>(T value, int status = StatusCodes.Status200OK, string type = "application/json") =>
        new ContentReply(Encode(value), type, status);

    /// <summary>What is written by hand because rows of the journal go into it as they lie there.</summary>
    public static IResult Json(Action<Utf8JsonWriter> write)
    {
        var body = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(body, Options))
        {
            write(json);
        }

        return new ContentReply(body.WrittenMemory, "application/json", StatusCodes.Status200OK);
    }

    public static IResult Content(ReadOnlyMemory<byte> content, string type) =>
        new ContentReply(content, type, StatusCodes.Status200OK);

    public static byte[] Encode<T>(T value) =>
        JsonSerializer.SerializeToUtf8Bytes(value, (JsonTypeInfo<T>)WireJson.Plain.GetTypeInfo(typeof(T))!);

    private sealed class ContentReply(ReadOnlyMemory<byte> content, string type, int status)
        : IResult, IStatusCodeHttpResult
    {
        public int? StatusCode => status;

        public async Task ExecuteAsync(HttpContext httpContext)
        {
            var response = httpContext.Response;
            response.StatusCode = status;
            response.ContentType = type;
            response.ContentLength = content.Length;
            await response.Body.WriteAsync(content, httpContext.RequestAborted);
        }
    }

    private sealed class SentReply : IResult
    {
        public Task ExecuteAsync(HttpContext httpContext) => Task.CompletedTask;
    }
}
