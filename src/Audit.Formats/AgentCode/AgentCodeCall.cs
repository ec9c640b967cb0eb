using System.Text.Json;

namespace Audit.Formats.AgentCode;

/// <summary>A call of the stream by the name that it was given.</summary>
internal sealed record AgentCodeCall(string Id, long Turn, string Tool, JsonElement? Input, bool WasDenied);
