using System.Text.Encodings.Web;
using System.Text.Json;

namespace Audit.Formats.Export;

/// <summary>How text is quoted where people read it: in one line, and no more escaped than it must be.</summary>
internal static class JsonText
{
    public static readonly JsonSerializerOptions Readable = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
}
