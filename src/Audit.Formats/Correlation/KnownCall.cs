using System.Text.Json;

namespace Audit.Formats.Correlation;

/// <summary>What an earlier event told of a call and a later one leaves out.</summary>
internal sealed record KnownCall(string Tool, JsonElement? Input);
