using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Audit.Client.Wire;

/// <summary>
/// How the wire's records are written and read: names in snake case, what is not known null or left out, as its record
/// says.
/// </summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, UseStringEnumConverter = true,
    GenerationMode = JsonSourceGenerationMode.Default)]
[JsonSerializable(typeof(JsonElement))]
[JsonSerializable(typeof(ProblemDocument))]
public sealed partial class WireJson : JsonSerializerContext
{
    private static WireJson? plain;

    /// <summary>
    /// The same without the escapes that only a page of HTML has a use for: what an endpoint answers with.
    /// </summary>
    public static WireJson Plain => plain ??= new(new JsonSerializerOptions(Default.Options)
    {
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    });
}
