package org.apache.http.entity.mime;

/** Imported by the generated code and not used, because no operation takes a multipart body. */
public class MultipartEntityBuilder {}
