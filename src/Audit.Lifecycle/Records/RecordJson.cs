using System.Text.Json;
using System.Text.Json.Serialization;
using Audit.Lifecycle.Json;

namespace Audit.Lifecycle.Records;

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower,
    AllowOutOfOrderMetadataProperties = true,
    MaxDepth = StrictJsonReader.MaxDepth + 2)]
[JsonSerializable(typeof(ToolAuditRecord))]
internal sealed partial class RecordJson : JsonSerializerContext;
