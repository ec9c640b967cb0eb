using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Audit.Node.CommandLine.Reading;

namespace Audit.Node.CommandLine.Verify;

/// <summary>A verdict for a program, as one line of JSON.</summary>
internal static class VerdictJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    public static string Of(VerificationResult verdict) =>
        JsonSerializer.Serialize(new { Integrity = Of(verdict.Integrity), verdict.Completeness }, Options);

    private static object Of(IntegrityVerdict integrity) => new
    {
        integrity.IsIntact,
        integrity.FirstBadPosition,
        integrity.Faults,
        integrity.Origin,
        Key = integrity.Key?.ToString(),
        integrity.KeyTrust,
        integrity.Size,
        integrity.Root,
        integrity.SignedAt,
        integrity.Rows,
        integrity.UnsealedRows,
        integrity.ForeignRows,
        integrity.ContinuesSize,
    };
}
