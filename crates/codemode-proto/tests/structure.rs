//! The structure of the contract, as a snapshot that fails on any change of it.
//!
//! A failure is a question to the author of the change: is it additive and safe to ignore, as the rules at the top of the
//! `.proto` ask? Then the new snapshot is accepted. If not, the package needs a new version.

use std::fmt::Write as _;

use codemode_proto::FILE_DESCRIPTOR_SET;
use prost::Message as _;
use prost_types::field_descriptor_proto::{Label, Type};
use prost_types::{
    DescriptorProto, EnumDescriptorProto, FieldDescriptorProto, FileDescriptorProto, FileDescriptorSet,
    ServiceDescriptorProto,
};

const PACKAGE: &str = "codemode.v1";

#[test]
fn structure_is_the_accepted_one() {
    let set = FileDescriptorSet::decode(FILE_DESCRIPTOR_SET).expect("the generator wrote a descriptor set");
    let file = set.file.iter().find(|file| file.package() == PACKAGE).expect("the set has our package");
    insta::assert_snapshot!(structure(file));
}

fn structure(file: &FileDescriptorProto) -> String {
    let mut text = format!("package {}, {}\n", file.package(), file.syntax());
    file.service.iter().for_each(|item| service(item, &mut text));
    file.message_type.iter().for_each(|item| message(item, "", &mut text));
    file.enum_type.iter().for_each(|item| enumeration(item, "", &mut text));
    text
}

fn line(text: &mut String, line: std::fmt::Arguments<'_>) {
    writeln!(text, "{line}").expect("a string takes what is written to it");
}

fn service(service: &ServiceDescriptorProto, text: &mut String) {
    line(text, format_args!("\nservice {}", service.name()));
    for method in &service.method {
        let side = |name: &str, streaming| format!("{}{}", if streaming { "stream " } else { "" }, short(name));
        let input = side(method.input_type(), method.client_streaming());
        let output = side(method.output_type(), method.server_streaming());
        line(text, format_args!("  rpc {}({input}) returns ({output})", method.name()));
    }
}

fn message(message: &DescriptorProto, outer: &str, text: &mut String) {
    let name = format!("{outer}{}", message.name());
    line(text, format_args!("\nmessage {name}"));
    for field in &message.field {
        line(text, format_args!("  {}", describe(field, message)));
    }
    for range in &message.reserved_range {
        line(text, format_args!("  reserved {} to {}", range.start(), range.end() - 1));
    }
    for reserved in &message.reserved_name {
        line(text, format_args!("  reserved {reserved}"));
    }
    let outer = format!("{name}.");
    message.nested_type.iter().for_each(|item| self::message(item, &outer, text));
    message.enum_type.iter().for_each(|item| enumeration(item, &outer, text));
}

fn describe(field: &FieldDescriptorProto, message: &DescriptorProto) -> String {
    let label = if field.label() == Label::Repeated { "repeated " } else { "" };
    let oneof = field.oneof_index.and_then(|index| message.oneof_decl.get(usize::try_from(index).ok()?));
    let oneof = oneof.map(|oneof| format!(" (oneof {})", oneof.name())).unwrap_or_default();
    format!("{} {}: {label}{}{oneof}", field.number(), field.name(), kind(field))
}

fn kind(field: &FieldDescriptorProto) -> String {
    match field.r#type() {
        Type::Message | Type::Enum | Type::Group => short(field.type_name()),
        scalar => scalar.as_str_name().trim_start_matches("TYPE_").to_lowercase(),
    }
}

fn enumeration(enumeration: &EnumDescriptorProto, outer: &str, text: &mut String) {
    line(text, format_args!("\nenum {outer}{}", enumeration.name()));
    for value in &enumeration.value {
        line(text, format_args!("  {} {}", value.number(), value.name()));
    }
}

/// Names of our own package without it.
fn short(name: &str) -> String {
    name.trim_start_matches('.').trim_start_matches("codemode.v1.").to_owned()
}
