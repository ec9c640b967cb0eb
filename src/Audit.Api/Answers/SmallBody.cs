
namespace Audit.Api.Answers;

/// <summary>Reads the body of a request that is about one act.</summary>
internal static class SmallBody
{
    /// <returns>Null when a problem was answered instead.</returns>
    /// <exception cref="UnreadableException">The body is not one strict JSON object.</exception>
    public static async Task<StrictObject?> ReadObjectAsync(this HttpContext context)
    {
        var request = context.Request;
        if (request.ContentType is { Length: > 0 } type && !request.HasJsonContentType())
        {
            await context.WriteProblemAsync(Problem.UnsupportedMedia(
                $"The Content-Type \"{type}\" is not accepted here; accepted is application/json."));
            return null;
        }

        if (request.Headers.ContentEncoding.Count > 0)
        {
            await context.WriteProblemAsync(Problem.UnsupportedMedia(
                "A Content-Encoding is not accepted here; send the body plain."));
            return null;
        }

        var bytes = await ReadAsync(request.Body, context.RequestAborted);
        if (bytes.Length > StrictObject.MaxBytes)
        {
            await context.WriteProblemAsync(Problem.TooLarge(
                $"The body is larger than the {StrictObject.MaxBytes} bytes accepted here."));
            return null;
        }

        return StrictObject.Parse(bytes);
    }

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(Stream body, CancellationToken cancellation)
    {
        var buffer = new byte[StrictObject.MaxBytes + 1];
        var length = await body.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, cancellation);
        return buffer.AsMemory(0, length).ToArray();
    }
}
